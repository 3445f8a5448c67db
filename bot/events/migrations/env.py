"""Alembic's environment of the event store; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.db import run_migrations
from bot.events.tables import Base

run_migrations(context, Base.metadata)
