"""The store's tables on each kind of database."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from knowledge_kit import Entries, PairEncoder, entry

from bot.db import engine_for, migration_config, upgrade
from bot.knowledge import CurrentIndex, heat_map, import_entries, note_asked, search
from bot.knowledge.tables import Base
from bot.settings import Settings


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/other.db"
    return str(request.getfixturevalue("postgres_url"))


def test_migrations_make_the_models_and_can_be_taken_back(any_store: str) -> None:
    upgrade(any_store, "knowledge")
    with engine_for(any_store).connect() as connection:
        options = {"version_table": "alembic_version_knowledge", "compare_type": False}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []
    command.downgrade(migration_config(any_store, "knowledge"), "base")
    upgrade(any_store, "knowledge")


def test_entries_search_and_questions_work_on_each(
    any_store: str, settings: Settings, write: Entries, encoder: PairEncoder
) -> None:
    upgrade(any_store, "knowledge")
    import_entries(any_store, settings.shop_url, [write([entry("退货运费谁出", id="freight"), entry("怎么洗")])])
    found = search(CurrentIndex(any_store, settings.shop_url, encoder), "退货运费谁出")
    assert found.best is not None and found.best.id == "freight"
    for _ in range(2):
        note_asked(any_store, "c", "退货运费谁出", found)
    (line,) = heat_map(any_store, encoder).entries
    assert (line.asked, line.repeated) == (2, 1)
    changed = import_entries(any_store, settings.shop_url, [write([entry("退货运费谁出", "新的。", id="freight")])])
    assert (changed.files["faq.json"].changed, changed.files["faq.json"].removed) == (["退货运费谁出"], ["怎么洗"])
