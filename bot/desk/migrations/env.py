"""Alembic's environment of the desk; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.db import run_migrations
from bot.desk.tables import Base

run_migrations(context, Base.metadata)
