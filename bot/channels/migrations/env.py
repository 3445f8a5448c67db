"""Alembic's environment of what channels share; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.channels.shared_tables import Base
from bot.db import run_migrations

run_migrations(context, Base.metadata)
