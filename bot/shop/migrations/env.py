"""Alembic's environment of the shop's tables; `bot.db.upgrade` fills the configuration."""

from alembic import context

from bot.db import run_migrations
from bot.shop import customer_tables, identity_tables, offer_tables, service_tables, trade_tables
from bot.shop.tables import Base

# Imported for their tables.
assert customer_tables and identity_tables and offer_tables and service_tables and trade_tables
run_migrations(context, Base.metadata)
