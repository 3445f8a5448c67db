"""The demo entries beside the demo shop: every field can be filled, and the figures are the shop's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_knowledge_entries import WORDS

from bot.clock import freeze
from bot.db import upgrade
from bot.knowledge import Entry, Shop, fill, import_entries, load_entries
from bot.knowledge.store import FOLDER
from bot.settings import get_settings
from bot.shop import upgrade_and_seed
from tests.unit.shop.small_shop import beijing


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[Entry]]]:
    folder: Path = tmp_path_factory.mktemp("demo")
    shop, store = f"sqlite:///{folder}/shop.db", f"sqlite:///{folder}/knowledge.db"
    with freeze(beijing("2026-11-25 10:00")):
        upgrade_and_seed(shop, progress=lambda line: None)
        upgrade(store, "knowledge")
        summary = import_entries(store, shop, sorted(FOLDER.glob("*.json")))
        assert summary.rejected == []
        yield shop, load_entries(store)[1]


def test_every_answer_can_be_said(demo: tuple[str, list[Entry]]) -> None:
    shop = Shop.fresh(demo[0])
    for entry in demo[1]:
        with freeze(beijing("2026-11-25 10:00")):
            answer = fill(entry.answer, shop, WORDS)
        assert not re.search(r"[{}]|None|\.0(?!\d)", answer), entry.id


def test_numbers_of_the_settings_are_not_copied_into_texts(demo: tuple[str, list[Entry]]) -> None:
    after_sale = get_settings().operations.after_sale
    copied = re.compile(rf"{after_sale.return_days}天内|{after_sale.quality_days}天内|{after_sale.review_hours}小时内")
    texts = {entry.id: re.sub(r"\{[^}]*\}", "", entry.answer) for entry in demo[1]}
    assert [id_ for id_, text in texts.items() if copied.search(text)] == []
