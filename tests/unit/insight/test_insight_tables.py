"""The figures' tables on each kind of database."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.db import engine_for, migration_config, upgrade
from bot.insight.tables import Base
from bot.settings import Settings


def test_migrations_make_the_models_and_can_be_taken_back(settings: Settings) -> None:
    options = {
        "version_table": "alembic_version_insight", "compare_type": False,
        "include_name": lambda name, kind, _parents: kind != "table" or name in Base.metadata.tables,
    }  # fmt: skip
    with engine_for(settings.events_url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []
    command.downgrade(migration_config(settings.events_url, "insight"), "base")
    upgrade(settings.events_url, "insight")
