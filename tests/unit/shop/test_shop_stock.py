"""Which warehouse sells, when it ships, and what else to offer."""

from datetime import date, timezone

import pytest
from small_shop import beijing

from bot.clock import freeze
from bot.shop import UnknownSku, Warehouse, availability, nearest_variants, ship_by, units_of
from bot.shop.shipping import plain_city

WORKDAYS = Warehouse("X", "某仓库", "某地", "16:00", "18:00", (1, 2, 3, 4, 5), ())


@pytest.mark.parametrize(
    ("placed", "leaves"),
    [
        ("2026-06-10 00:00", "2026-06-10 18:00"),
        ("2026-06-10 15:59", "2026-06-10 18:00"),
        ("2026-06-10 16:00", "2026-06-11 18:00"),
        ("2026-06-12 16:00", "2026-06-15 18:00"),  # Friday after the cut-off: Monday
        ("2026-06-13 09:00", "2026-06-15 18:00"),  # Saturday
        ("2026-06-14 23:59", "2026-06-15 18:00"),
    ],
)
def test_orders_before_the_cut_off_of_a_working_day_ship_that_day(placed: str, leaves: str) -> None:
    found = ship_by(WORKDAYS, beijing(placed))
    assert found == beijing(leaves)
    assert found.tzinfo is timezone.utc


@pytest.mark.parametrize(
    ("city", "order"),
    [
        (None, ["SH", "BJ"]),  # most stock first
        ("北京", ["BJ", "SH"]),
        ("北京市", ["BJ", "SH"]),
        ("保定", ["BJ", "SH"]),  # in the region of 北京仓库
        ("苏州", ["SH", "BJ"]),
        ("成都", ["SH", "BJ"]),  # served by nobody in particular
        ("火星", ["SH", "BJ"]),
        ("", ["SH", "BJ"]),
    ],
)
def test_the_warehouse_that_serves_the_city_comes_first(url: str, city: str | None, order: list[str]) -> None:
    assert [option.warehouse_id for option in availability(url, "P1-2", city).options] == order


def test_availability_tells_units_warehouse_and_promise(url: str) -> None:
    found = availability(url, "P1-2", "北京")
    assert found.best is not None
    assert (found.best.warehouse_name, found.best.available, found.total) == ("北京仓库", 32, 72)
    assert found.best.ship_by == beijing("2026-06-10 18:00")


def test_reserved_units_are_not_available(url: str) -> None:
    assert availability(url, "P2-1").total == 7  # 9 on hand, 2 for the paid order DX2


def test_sold_out_tells_the_earliest_restock_date_still_to_come(url: str) -> None:
    sold_out = availability(url, "P1-4")
    assert (sold_out.best, sold_out.total, sold_out.restock_date) == (None, 0, date(2026, 6, 18))
    assert availability(url, "P2-2").restock_date is None  # its date is over
    with freeze(beijing("2026-06-19 00:00")):
        assert availability(url, "P1-4").restock_date == date(2026, 6, 20)


@pytest.mark.parametrize("function", [availability, nearest_variants])
def test_an_unknown_sku_is_refused_in_chinese(url: str, function: object) -> None:
    with pytest.raises(UnknownSku, match="没有“X9”"):
        function(url, "X9")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("sku", "nearest"),
    [
        ("P1-4", ["P1-2", "P1-3", "P1-1"]),  # next storage in the same colour, other colour, storage further off
        ("P2-2", ["P2-4", "P2-1", "P2-3"]),  # same size in another colour first
    ],
)
def test_replacements_come_nearest_first_and_only_in_stock(url: str, sku: str, nearest: list[str]) -> None:
    found = nearest_variants(url, sku)
    assert [alternative.variant.sku for alternative in found] == nearest
    assert all(alternative.available > 0 and alternative.price_fen > 0 for alternative in found)
    assert [a.variant.sku for a in nearest_variants(url, sku, limit=1)] == nearest[:1]


@pytest.mark.parametrize(
    ("city", "plain"), [("北京市", "北京"), (" 北京 ", "北京"), ("津市", "津市"), ("", None), (None, None)]
)
def test_city_names_lose_their_suffix(city: str | None, plain: str | None) -> None:
    assert plain_city(city) == plain


def test_units_are_counted_as_the_warehouses_have_them(url: str) -> None:
    found = units_of(url, ["P1-2", "P1-1", "nonsense"])
    assert list(found) == ["P1-2", "P1-1", "nonsense"] and found["nonsense"] == (0, 0)
    for sku in ("P1-2", "P1-1"):
        options = availability(url, sku).options
        assert found[sku] == (sum(o.available for o in options), max((o.available for o in options), default=0))
