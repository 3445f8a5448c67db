"""Alembic's environment of the tracker store; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.db import run_migrations
from bot.runtime.tracker_tables import Base

run_migrations(context, Base.metadata)
