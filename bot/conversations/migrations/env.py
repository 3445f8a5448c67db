"""Alembic's environment of the conversations; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.conversations.tables import Base
from bot.db import run_migrations

run_migrations(context, Base.metadata)
