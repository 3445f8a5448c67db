"""Repeated and concurrent requests act once, on SQLite and on PostgreSQL."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from small_shop import beijing
from sqlalchemy import func, select, update

from bot.clock import freeze
from bot.db import reading, writing
from bot.shop import Access, Refused, place_order
from bot.shop.aftersale.address import change_address
from bot.shop.aftersale.cancel import cancel
from bot.shop.aftersale.exchanges import request_exchange
from bot.shop.aftersale.invoices import request_invoice
from bot.shop.aftersale.items import change_item
from bot.shop.aftersale.protection import protect_price
from bot.shop.aftersale.requests_of_help import urge
from bot.shop.aftersale.returns import request_return
from bot.shop.aftersale.tickets import move_ticket
from bot.shop.customers import claim_coupon
from bot.shop.offer_tables import CouponRow
from bot.shop.orders import release_unpaid
from bot.shop.service_tables import InvoiceRow, OrderChangeRow, ProtectionRow, RefundRow, TicketRow
from bot.shop.tables import StockRow
from bot.shop.trade_tables import OrderLineRow, OrderRow

OWNER = Access("web", "w1", "C1")
NEWCOMER = Access("web", "w3", "C3")
Act = Callable[[str, str], object]
# What is asked, the rule that refuses the second one, the table that gets one row.
OPERATIONS: dict[str, tuple[Act, str, type]] = {
    "cancel": (lambda url, key: cancel(url, OWNER, "A2", key=key), "order_closed", RefundRow),
    "intercept": (lambda url, key: cancel(url, OWNER, "A3", key=key), "intercept_requested", TicketRow),
    "address": (
        lambda url, key: change_address(url, OWNER, "A1", city="保定", address="新华路5号", key=key),
        "item_same",
        OrderChangeRow,
    ),
    "return": (
        lambda url, key: request_return(url, OWNER, "A4", sku="P2-1", quantity=2, key=key),
        "in_service",
        TicketRow,
    ),
    "exchange": (
        lambda url, key: request_exchange(url, OWNER, "A4", sku="P2-1", new_sku="P2-4", quantity=2, key=key),
        "in_service",
        TicketRow,
    ),
    "protection": (lambda url, key: protect_price(url, OWNER, "A7", key=key), "protection_done", ProtectionRow),
    "invoice": (
        lambda url, key: request_invoice(url, OWNER, "A4", kind="personal", title="王测试", key=key),
        "invoice_done",
        InvoiceRow,
    ),
    "urge": (lambda url, key: urge(url, OWNER, "A3", key=key), "urged_already", TicketRow),
    "coupon": (lambda url, key: claim_coupon(url, NEWCOMER, "K1", key=key), "coupon_claimed", CouponRow),
}


def rows(url: str, table: type) -> int:
    with reading(url) as session:
        return int(session.scalar(select(func.count()).select_from(table)) or 0)


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """The answers of all, Refused as its rule."""

    def run(act: Callable[[], object]) -> object:
        try:
            return act()
        except Refused as refused:
            return refused.rule

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.parametrize("name", OPERATIONS)
def test_one_request_sent_six_times_at_once_acts_once(any_service_url: str, name: str) -> None:
    act, _, table = OPERATIONS[name]
    before = rows(any_service_url, table)
    with freeze(beijing("2026-06-05 12:00")):
        answers = at_once([lambda: act(any_service_url, "k")] * 6)
    assert rows(any_service_url, table) == before + 1
    assert all(answer == answers[0] and not isinstance(answer, str) for answer in answers)


@pytest.mark.parametrize("name", OPERATIONS)
def test_six_requests_for_the_same_at_once_act_once(any_service_url: str, name: str) -> None:
    act, rule, table = OPERATIONS[name]
    before = rows(any_service_url, table)
    with freeze(beijing("2026-06-05 12:00")):
        answers = at_once([lambda key=str(n): act(any_service_url, key) for n in range(6)])  # type: ignore[misc]
    assert rows(any_service_url, table) == before + 1
    assert Counter(answer for answer in answers if isinstance(answer, str)) == {rule: 5}


def test_a_coupon_pays_for_one_order(any_service_url: str) -> None:
    def buy(number: int) -> object:
        return place_order(
            any_service_url, channel="web", account="w1", sku="P2-1", quantity=2, coupon_id="Y1",
            idempotency_key=str(number),
        )  # fmt: skip

    before = rows(any_service_url, OrderRow)
    answers = at_once([lambda n=n: buy(n) for n in range(5)])  # type: ignore[misc]
    assert answers.count("coupon_used") == 4
    assert rows(any_service_url, OrderRow) == before + 1


def assert_books_in_order(url: str) -> None:
    """As many units are reserved as the open orders hold."""
    with reading(url) as session:
        held = dict(
            session.execute(
                select(OrderLineRow.sku, func.sum(OrderLineRow.quantity))
                .join(OrderRow, OrderRow.no == OrderLineRow.order_no)
                .where(OrderRow.status.in_(["pending_payment", "paid"]))
                .group_by(OrderLineRow.sku)
            ).all()
        )
        stock = dict(session.execute(select(StockRow.sku, func.sum(StockRow.reserved)).group_by(StockRow.sku)).all())
    assert {sku: units for sku, units in stock.items() if units} == held


def test_changes_of_all_kinds_at_once_leave_the_books_in_order(any_service_url: str) -> None:
    """Cancelling, changing, releasing and buying the same goods meet in every order of locks."""
    url = any_service_url

    def buy(number: int) -> object:
        return place_order(url, channel="web", account="w2", sku="P2-4", quantity=1, idempotency_key=str(number))

    with freeze(beijing("2026-06-11 12:00")):  # A1 is overdue now
        at_once(
            [
                lambda: release_unpaid(url),
                lambda: cancel(url, OWNER, "A1", key="c1"),
                lambda: change_item(url, OWNER, "A1", sku="P2-1", new_sku="P2-4", quantity=1, key="i1"),
                lambda: cancel(url, OWNER, "A2", key="c2"),
                lambda: change_item(url, OWNER, "A2", sku="P2-1", new_sku="P2-4", key="i2"),
                lambda: buy(1),
                lambda: buy(2),
                lambda: release_unpaid(url),
            ]
        )
    assert_books_in_order(url)


def test_goods_changed_while_the_release_waits_are_those_given_back(any_service_url: str) -> None:
    url = any_service_url
    with freeze(beijing("2026-06-11 12:00")), ThreadPoolExecutor(1) as pool:
        with writing(url) as session:
            (line,) = session.scalars(select(OrderLineRow).where(OrderLineRow.order_no == "A1"))
            session.execute(select(StockRow).with_for_update())
            releasing = pool.submit(release_unpaid, url)
            time.sleep(0.5)  # it has read the lines and waits for the stock
            stock = {row.sku: row for row in session.scalars(select(StockRow).where(StockRow.warehouse_id == "BJ"))}
            stock["P2-1"].reserved -= line.quantity
            stock["P2-4"].reserved += 1
            session.execute(update(OrderLineRow).where(OrderLineRow.order_no == "A1").values(sku="P2-4", quantity=1))
        assert releasing.result(20) == 1
    assert_books_in_order(url)


def test_a_ticket_moves_once(any_service_url: str) -> None:
    ticket = cancel(any_service_url, OWNER, "A3", key="k").ticket
    assert ticket is not None
    moved = at_once([lambda: move_ticket(any_service_url, ticket.no, "done")] * 5)
    assert sorted(map(str, moved)) == ["False"] * 4 + ["True"]
    assert rows(any_service_url, RefundRow) == 1
