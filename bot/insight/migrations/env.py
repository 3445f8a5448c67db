"""Alembic's environment of the figures; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.db import run_migrations
from bot.insight.tables import Base

run_migrations(context, Base.metadata)
