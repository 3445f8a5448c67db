"""A small shop and a knowledge store of its own for every test."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from knowledge_kit import Entries, PairEncoder, entry

from bot.clock import freeze
from bot.db import upgrade
from bot.knowledge import CurrentIndex, import_entries
from bot.settings import Settings, get_settings
from bot.shop import upgrade_and_seed
from tests.unit.shop.small_shop import FEED, beijing


@pytest.fixture(autouse=True)
def wednesday() -> Iterator[None]:
    with freeze(beijing("2026-06-10 10:00")):
        yield


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of the test: a small shop and an empty knowledge store."""
    monkeypatch.setenv("DIANXIAOER_VAR", str(tmp_path))
    get_settings.cache_clear()
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, content in FEED.items():
        (folder / name).write_text(content, encoding="utf8")
    found = get_settings()
    upgrade_and_seed(found.shop_url, folder, progress=lambda line: None)
    upgrade(found.knowledge_url, "knowledge")
    yield found
    get_settings.cache_clear()


@pytest.fixture
def encoder() -> PairEncoder:
    return PairEncoder()


@pytest.fixture
def write(tmp_path: Path) -> Entries:
    """Writes a file of entries; a text is written as it is."""

    def make(content: list[dict[str, Any]] | str, name: str = "faq.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, encoding="utf8")
        return path

    return make


@pytest.fixture
def known(settings: Settings, encoder: PairEncoder, write: Entries) -> CurrentIndex:
    """An index of three entries."""
    entries = [
        entry("退货运费谁出", "退货的运费由我们承担。", id="freight", tags=["退货"]),
        entry("星河手机保修多久", "保修一年。", id="warranty", tags=["保修"], products=["P1"]),
        entry("棉衣服怎么洗", "冷水手洗。", id="wash", tags=["洗涤"], products=["P2"], alike=["T恤能机洗吗"]),
    ]
    import_entries(settings.knowledge_url, settings.shop_url, [write(entries)])
    return CurrentIndex(settings.knowledge_url, settings.shop_url, encoder)
