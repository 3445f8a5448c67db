"""Alembic's environment of the inspection; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.db import run_migrations
from bot.quality.tables import Base

run_migrations(context, Base.metadata)
