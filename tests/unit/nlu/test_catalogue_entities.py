"""Entities from the catalogue and from numbers that customers write."""

import time
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot import clock
from bot.nlu.catalogue import CatalogueEntityExtractor, _current
from bot.shop import Catalogue, FeedError, Product, Variant, Warehouse

SUNDAY = datetime(2026, 11, 22, 4, tzinfo=timezone.utc)


def _product(number: str, name: str, *aliases: str) -> Product:
    return Product(number, name, "", "", "台", "", "", aliases=aliases)


def _catalogue(version: int = 1, *more: Product) -> Catalogue:
    products = {
        p.id: p
        for p in [
            _product("P1", "iPhone 14", "苹果14"),
            _product("P2", "iPhone 14 Pro"),
            _product("P3", "纯棉T恤", "T恤", "短袖"),
            _product("P4", "冰丝短袖", "短袖"),
            *more,
        ]
    }
    variants = {
        "IP14-256-MN": Variant("IP14-256-MN", products["P1"], "", {"storage": "256G", "colour": "午夜色"}),
        "TS-L": Variant("TS-L", products["P3"], "", {"size": "L", "colour": "白色"}),
        "TS-1": Variant("TS-1", products["P4"], "", {"spec": "L", "colour": "白"}),
    }
    warehouse = Warehouse("W1", "北京仓库", "北京", "16:00", "18:00", (1, 2, 3, 4, 5), ())
    aliases = {("storage", "256GB"): frozenset({"256G"})}
    return Catalogue(version, products, variants, {"W1": warehouse}, {"北京": "北京", "成都": "四川"}, aliases)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Catalogue]]:
    """The catalogue that the shop answers with; a test may put another one in."""
    shelf = [_catalogue()]
    monkeypatch.setattr(_current, "current_catalogue", lambda url: shelf[0])
    with clock.freeze(SUNDAY):
        yield shelf


def _find(text: str, extractor: CatalogueEntityExtractor | None = None) -> list[tuple[str, str, str | int]]:
    message = Message({TEXT: text})
    (extractor or CatalogueEntityExtractor({"url": "sqlite://"})).process([message])
    for entity in message.get(ENTITIES):
        assert text[entity["start"] : entity["end"]] == entity["text"]
        assert entity["extractor"] == "CatalogueEntityExtractor"
    return [(e["entity"], e["text"], e["value"]) for e in message.get(ENTITIES)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("iphone14有货吗", [("product", "iphone14", "P1")]),
        ("ＩＰＨＯＮＥ １４ 有吗", [("product", "ＩＰＨＯＮＥ １４", "P1")]),
        ("苹果 14的256g", [("product", "苹果 14", "P1"), ("storage", "256g", "256G")]),
        ("iPhone 14 256 GB午夜色", [
            ("product", "iPhone 14", "P1"), ("storage", "256 GB", "256G"), ("colour", "午夜色", "午夜色"),
        ]),
        ("iphone 14 pro多少钱", [("product", "iphone 14 pro", "P2")]),
        ("iPhone 14 Pro Max有吗", []),
        ("iphone 141", []),
        ("XL的T恤", [("product", "T恤", "P3")]),
        ("T恤要L码", [("product", "T恤", "P3"), ("size", "L", "L")]),
        ("冰丝短袖L", [("product", "冰丝短袖", "P4"), ("spec", "L", "L")]),
        ("短袖有吗", [("product", "短袖", "P3"), ("product", "短袖", "P4")]),
        ("北京仓有货吗，我在成都市", [("warehouse", "北京仓", "W1"), ("city", "成都市", "成都")]),
        ("白的T恤", [("colour", "白", "白"), ("product", "T恤", "P3")]),
        ("明白了，白天送吗", []),
        ("ip14-256-mn", [("variant", "ip14-256-mn", "IP14-256-MN")]),
        ("苹果14两台", [("product", "苹果14", "P1"), ("quantity", "两台", 2)]),
        ("", []),
    ],
)  # fmt: skip
def test_catalogue(text: str, expected: list[tuple[str, str, str]], shelf: list[Catalogue]) -> None:
    assert _find(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("订单号DX261122123456", [("order_number", "DX261122123456", "DX261122123456")]),
        ("dx 261122 123456到哪了", [("order_number", "dx 261122 123456", "DX261122123456")]),
        ("订单编号是 889123456", [("order_number", "889123456", "889123456")]),
        ("电话170-0000-1234", [("phone", "170-0000-1234", "17000001234")]),
        ("１７０００００１２３４", [("phone", "１７０００００１２３４", "17000001234")]),
        ("99块9", [("amount", "99块9", 9990)]),
        ("¥1,299.50", [("amount", "¥1,299.50", 129950)]),
        ("两千三百元", [("amount", "两千三百元", 230_000)]),
        ("预算1.5万左右", [("amount", "1.5万", 1_500_000)]),
        ("一块蛋糕", []),
        ("10块3台", [("amount", "10块", 1000), ("quantity", "3台", 3)]),
        ("要3件", [("quantity", "3件", 3)]),
        ("来十二瓶", [("quantity", "十二瓶", 12)]),
        ("要俩", [("quantity", "俩", 2)]),
        ("给我拿一个", [("quantity", "一个", 1)]),
        ("换一个颜色", []),
        ("两三台", []),
        ("第2件半价", []),
        ("2个月了", []),
        ("130斤穿多大", []),
    ],
)
def test_numbers(text: str, expected: list[tuple[str, str, str | int]], shelf: list[Catalogue]) -> None:
    assert _find(text) == expected


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("今天", "2026-11-22"), ("大后天能到吗", "2026-11-25"), ("昨晚", "2026-11-21"), ("三天前买的", "2026-11-19"),
        ("周五", "2026-11-27"), ("下周三", "2026-11-25"), ("上周日", "2026-11-15"), ("这周六", "2026-11-21"),
        ("12月5号", "2026-12-05"), ("十一月三日", "2026-11-03"), ("1月2日", "2027-01-02"), ("25号", "2026-11-25"),
        ("上个月5号", "2026-10-05"), ("2026年10月1日", "2026-10-01"), ("双十一", "2026-11-11"),
        ("2月30日", None), ("13月1号", None), ("3号楼", None),
    ],
)  # fmt: skip
def test_dates(text: str, day: str | None, shelf: list[Catalogue]) -> None:
    assert [value for entity, _, value in _find(text) if entity == "date"] == ([day] if day else [])


def test_today_is_the_shops_not_that_of_utc(shelf: list[Catalogue]) -> None:
    with clock.freeze(datetime(2026, 11, 22, 17, tzinfo=timezone.utc)):
        assert _find("今天") == [("date", "今天", "2026-11-23")]


def test_a_new_catalogue_is_known_without_training(shelf: list[Catalogue]) -> None:
    extractor = CatalogueEntityExtractor({"url": "sqlite://"})
    assert _find("折叠屏X5", extractor) == []
    shelf[0] = _catalogue(2, _product("P9", "折叠屏 X5"))
    assert _find("折叠屏X5", extractor) == [("product", "折叠屏X5", "P9")]


def test_without_a_shop_numbers_are_still_found(monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    def closed(url: str) -> Catalogue:
        raise FeedError("空的")

    monkeypatch.setattr(_current, "current_catalogue", closed)
    assert _find("苹果14要2台") == [("quantity", "2台", 2)]
    assert "读不到店铺目录" in caplog.text


@pytest.mark.parametrize("text", ["1" * 10_000, "苹果14" * 2500, "一" * 10_000])
def test_a_wall_of_text_takes_no_seconds(text: str, shelf: list[Catalogue]) -> None:
    began = time.monotonic()
    _find(text)
    assert time.monotonic() - began < 2


def test_payloads_are_left_alone_and_found_entities_kept(shelf: list[Catalogue]) -> None:
    other = {"entity": "name", "start": 0, "end": 1, "value": "x"}
    payload, message = Message({TEXT: '/inform{"sku": "T恤"}'}), Message({TEXT: "T恤", ENTITIES: [other]})
    CatalogueEntityExtractor({}).process([payload, message])
    assert not payload.get(ENTITIES)
    assert [e["entity"] for e in message.get(ENTITIES)] == ["name", "product"]
