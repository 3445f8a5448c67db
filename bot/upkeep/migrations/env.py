"""Alembic's environment of the upkeep; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.db import run_migrations
from bot.upkeep.tables import Base

run_migrations(context, Base.metadata)
