"""Orders: reserved once, never below zero, released when unpaid."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from small_shop import beijing
from sqlalchemy import func, select

from bot.clock import freeze, now
from bot.db import reading
from bot.shop import (
    BadQuantity,
    OutOfStock,
    PlacedOrder,
    UnknownSku,
    UnknownWarehouse,
    availability,
    find_order,
    orders,
    orders_of,
    place_order,
    release_unpaid,
)
from bot.shop.tables import StockRow
from bot.shop.trade_tables import OrderRow


def buy(url: str, sku: str = "P1-2", quantity: int = 1, key: str = "k1", **other: str) -> PlacedOrder:
    request = {"channel": "web", "account": "guest-1"} | other
    return place_order(url, sku=sku, quantity=quantity, idempotency_key=key, **request)  # type: ignore[arg-type]


def reserved(url: str, sku: str) -> int:
    with reading(url) as session:
        return int(session.scalar(select(func.sum(StockRow.reserved)).where(StockRow.sku == sku)) or 0)


def new_orders(url: str) -> int:
    with reading(url) as session:
        return int(session.scalar(select(func.count()).select_from(OrderRow)) or 0) - 2


def test_an_order_reserves_and_can_be_found(any_url: str) -> None:
    placed = buy(any_url, quantity=2, city="北京")
    assert placed.warehouse.id == "BJ"
    assert placed.amount_fen == 2 * 599900
    assert placed.ship_by == beijing("2026-06-10 18:00")
    assert placed.pay_before > now()
    assert availability(any_url, "P1-2", "北京").options[0].available == 30
    order = find_order(any_url, f" {placed.no.lower()} ")
    assert order is not None
    assert (order.status, order.status_text, order.warehouse_name) == ("pending_payment", "待付款", "北京仓库")
    assert [(line.sku, line.quantity, line.price_fen) for line in order.lines] == [("P1-2", 2, 599900)]
    assert order.created_at == now()


def test_numbers_are_readable_and_tell_no_sequence(url: str) -> None:
    numbers = [buy(url, key=f"k{index}").no for index in range(6)]
    assert all(number.startswith("DX260610") and len(number) == 14 for number in numbers)
    steps = {int(b[2:]) - int(a[2:]) for a, b in pairwise(numbers)}
    assert len(set(numbers)) == 6
    assert steps != {1}


def test_a_number_drawn_twice_is_drawn_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["DX1", "DX260610000001"])  # DX1 exists
    monkeypatch.setattr(orders, "_new_number", lambda moment: next(drawn))
    assert buy(url).no == "DX260610000001"
    assert reserved(url, "P1-2") == 1


def test_the_same_key_returns_the_same_order(any_url: str) -> None:
    first = buy(any_url)
    assert buy(any_url) == first
    assert reserved(any_url, "P1-2") == 1
    other = buy(any_url, account="guest-2")  # another account's key is another key
    assert other.no != first.no


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        ({"sku": "X9"}, UnknownSku, "X9"),
        ({"quantity": 0}, BadQuantity, "1 到"),
        ({"quantity": -1}, BadQuantity, "1 到"),
        ({"quantity": 999}, BadQuantity, "1 到"),
        ({"quantity": True}, BadQuantity, "1 到"),
        ({"warehouse_id": "MARS"}, UnknownWarehouse, "MARS"),
        ({"sku": "P1-4"}, OutOfStock, "库存不足"),
        ({"sku": "P1-1", "quantity": 4}, OutOfStock, "最多可买 3 件"),
    ],
)
def test_wrong_requests_change_nothing(url: str, request_: dict[str, object], error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        buy(url, **request_)  # type: ignore[arg-type]
    assert new_orders(url) == 0
    assert reserved(url, "P1-1") == reserved(url, "P1-2") == 0


@pytest.mark.parametrize(
    ("sku", "quantity", "wish", "used"),
    [
        ("P1-2", 1, {"warehouse_id": "BJ"}, "BJ"),
        ("P1-2", 1, {"city": "保定"}, "BJ"),
        ("P1-2", 1, {}, "SH"),
        ("P1-3", 1, {"warehouse_id": "BJ"}, "SH"),  # not there: the other one has it
    ],
)
def test_the_wished_warehouse_sells_when_it_can(
    url: str, sku: str, quantity: int, wish: dict[str, str], used: str
) -> None:
    assert buy(url, sku, quantity, **wish).warehouse.id == used


def test_a_warehouse_with_too_little_passes_the_order_on(url: str) -> None:
    for index in range(2):
        buy(url, quantity=15, key=f"k{index}", warehouse_id="BJ")  # 2 left in BJ
    assert buy(url, quantity=3, key="k9", warehouse_id="BJ").warehouse.id == "SH"


def test_eight_customers_want_the_last_unit(any_url: str) -> None:
    def one(index: int) -> PlacedOrder | OutOfStock:
        try:
            return buy(any_url, "P1-3", key=f"k{index}", account=f"guest-{index}")
        except OutOfStock as refusal:
            return refusal

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(8)))
    assert sum(isinstance(result, PlacedOrder) for result in results) == 1
    assert {result.available for result in results if isinstance(result, OutOfStock)} == {0}
    assert (new_orders(any_url), reserved(any_url, "P1-3")) == (1, 1)


@pytest.mark.parametrize("sku", ["P1-2", "P1-3"])  # plenty, and the last unit
def test_one_key_sent_eight_times_at_once_is_one_order(any_url: str, sku: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = {placed.no for placed in pool.map(lambda _: buy(any_url, sku), range(8))}
    assert len(numbers) == 1
    assert (new_orders(any_url), reserved(any_url, sku)) == (1, 1)


def test_unpaid_orders_give_their_stock_back_once(any_url: str) -> None:
    placed = buy(any_url, quantity=2)
    with freeze(placed.pay_before):
        assert release_unpaid(any_url) == 0
    with freeze(placed.pay_before + timedelta(seconds=1)):
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(release_unpaid, [any_url] * 4)) == 1
        order = find_order(any_url, placed.no)
    assert order is not None
    assert order.status == "cancelled"
    assert reserved(any_url, "P1-2") == 0
    assert reserved(any_url, "P2-1") == 2  # the paid order keeps its units


def test_a_customer_sees_the_orders_of_all_own_accounts_newest_first(url: str) -> None:
    placed = buy(url, account="w1")
    assert [order.no for order in orders_of(url, "web", "w1")] == [placed.no, "DX1"]
    assert [order.customer_id for order in orders_of(url, "wechat", "x1")] == ["C1", "C1"]
    assert [order.no for order in orders_of(url, "web", "w1", limit=1)] == [placed.no]


def test_guests_see_only_their_own_orders(url: str) -> None:
    assert [order.no for order in orders_of(url, "web", "guest")] == ["DX2"]
    assert orders_of(url, "wechat", "guest") == []
    assert find_order(url, "DX404") is None


def test_parcels_come_with_their_traces_oldest_first(url: str) -> None:
    order = find_order(url, "DX1")
    assert order is not None
    (parcel,) = order.parcels
    assert [trace.text for trace in parcel.traces] == ["已揽收", "到达转运中心"]
    assert parcel.traces[0].time == beijing("2026-06-01 18:00")
