"""Alembic's environment of the bridge to Chatwoot; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.chatwoot.tables import Base
from bot.db import run_migrations

run_migrations(context, Base.metadata)
