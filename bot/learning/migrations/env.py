"""Alembic's environment of the learning loop; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.db import run_migrations
from bot.learning.tables import Base

run_migrations(context, Base.metadata)
