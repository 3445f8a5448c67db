"""Alembic's entry for the shop's tables; `bot.db.migration_config` gives the database and the version table."""

from typing import Any

from alembic import context

from bot.db import engine_for
from bot.shop import identity_tables, offer_tables, service_tables, trade_tables
from bot.shop.tables import Base

assert identity_tables and offer_tables and service_tables and trade_tables  # imported for their tables


def _ours(name: str | None, kind: str, _parents: Any) -> bool:
    # Other rooms may keep their tables in the same database.
    return kind != "table" or name in Base.metadata.tables


config = context.config
with engine_for(config.attributes["url"]).execution_options(writes=True).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=config.attributes["version_table"],
        include_name=_ours,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
