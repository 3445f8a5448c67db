"""An entry with the figures of one variant is silent about the others."""

import pytest
from knowledge_kit import Entries, PairEncoder, entry

from bot.knowledge import CurrentIndex, import_entries, search
from bot.settings import Settings


@pytest.fixture
def index(settings: Settings, encoder: PairEncoder, write: Entries) -> CurrentIndex:
    entries = [
        entry("星河手机256G午夜色有货吗", "现在{stock:P1-2}，{price:P1-2}。", id="live", products=["P1"]),
        entry("星河手机有几种颜色", "午夜色和星光色。", id="colours", products=["P1"]),
    ]
    import_entries(settings.knowledge_url, settings.shop_url, [write(entries)])
    return CurrentIndex(settings.knowledge_url, settings.shop_url, encoder)


@pytest.mark.parametrize("text", ["星河手机256G午夜色有货吗", "星河手机256GB黑色有货吗", "星河手机有货吗"])
def test_it_answers_for_its_own_variant_and_where_none_is_named(index: CurrentIndex, text: str) -> None:
    assert search(index, text).entries[0].id == "live"


@pytest.mark.parametrize("text", ["星河手机128G午夜色有货吗", "星河手机256G 星光色有货吗", "星河手机５１２ｇ有货吗"])
def test_it_is_not_even_offered_for_another(index: CurrentIndex, text: str) -> None:
    assert "live" not in [found.id for found in search(index, text).entries]
