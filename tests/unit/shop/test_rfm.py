"""Recency, frequency and monetary: against customers worked out by hand, and against pandas on many orders."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from small_shop import beijing
from sqlalchemy import select

from bot.clock import freeze, local, now
from bot.db import reading, writing
from bot.shop import Access, move_refund, place_order, release_unpaid, upgrade_and_seed
from bot.shop.aftersale.cancel import cancel
from bot.shop.customer_tables import RfmRow
from bot.shop.payments import record_payment
from bot.shop.segments import load_segments, refresh_rfm, segment_of, standing
from bot.shop.service_tables import RefundRow
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderRow

Figures = tuple[int | None, int, int]  # recency in days, frequency, monetary in fen


def rfm(url: str, customer: str = "C1") -> Figures:
    with reading(url) as session:
        row = session.get(RfmRow, customer)
        return row.recency_days, row.frequency, row.monetary_fen


def order(no: str, customer: str | None, amount: int, paid: str | None, status: str = "completed", **more: Any) -> dict:
    moment = beijing(paid or "2026-06-01 00:00")
    return {
        "no": no, "customer_id": customer, "channel": "web", "account": "a", "status": status, "amount_fen": amount,
        "discount_fen": 0, "shipping_fen": 0, "due_fen": 0, "idempotency_key": no, "warehouse_id": "BJ",
        "created_at": moment, "paid_at": moment if paid else None,
    } | more  # fmt: skip


def back(no: str, order_no: str, amount: int, stage: str = "arrived", kind: str = "return") -> dict:
    return {
        "no": no, "order_no": order_no, "kind": kind, "amount_fen": amount, "channel": "wechat", "stage": stage,
        "created_at": now(),
    }  # fmt: skip


def write(url: str, customers: list[str], orders: list[dict], refunds: list[dict]) -> None:
    with writing(url) as session:
        people = [
            {"id": c, "name": "甲", "phone": "17000000000", "city": "北京", "created_at": beijing("2026-01-01 00:00")}
            for c in customers
        ]
        for table, rows in ((CustomerRow, people), (OrderRow, orders), (RefundRow, refunds)):
            if rows:
                session.bulk_insert_mappings(table, rows)


# Today is 10 June 2026, 10:00 in Beijing. Each case: orders, refunds, what a person works out from them.
CASES: dict[str, tuple[list[dict], list[dict], Figures]] = {
    "never-bought": ([], [], (None, 0, 0)),
    "unpaid": ([order("u1", "unpaid", 500, None, "pending_payment")], [], (None, 0, 0)),
    "two": (
        [order("t1", "two", 10000, "2026-05-01 12:00"), order("t2", "two", 2550, "2026-06-08 23:59", "paid")],
        [], (2, 2, 12550),
    ),
    # Half past midnight is yesterday's UTC day, but today in the shop.
    "midnight": ([order("m1", "midnight", 100, "2026-06-10 00:30", "paid")], [], (0, 1, 100)),
    "cancelled": (
        [
            order("c1", "cancelled", 9900, "2026-06-05 12:00", "refunding"),
            order("c2", "cancelled", 9900, "2026-06-06 12:00", "refunded"),
            order("c3", "cancelled", 5000, "2026-05-11 12:00"),
        ],
        [back("rc1", "c1", 9900, "processing", "cancel"), back("rc2", "c2", 9900)],
        (30, 1, 5000),
    ),
    # A part came back, a refused one did not; a difference of postage had lowered the amount already.
    "part": (
        [order("p1", "part", 10000, "2026-06-01 12:00", "delivered", shipping_fen=800)],
        [back("rp1", "p1", 3000), back("rp2", "p1", 4000, "rejected"), back("rp3", "p1", 500, kind="shipping")],
        (9, 1, 7000),
    ),
    # All goods came back, the postage did not: nothing bought.
    "all-back": (
        [order("a1", "all-back", 10800, "2026-06-01 12:00", "delivered", shipping_fen=800)],
        [back("ra1", "a1", 6000), back("ra2", "a1", 4000, "waiting_return")],
        (None, 0, 0),
    ),
    "still-due": ([order("d1", "still-due", 10000, "2026-06-09 12:00", "paid", due_fen=1500)], [], (1, 1, 8500)),
}  # fmt: skip


def test_by_hand(any_url: str) -> None:
    write(any_url, list(CASES), [o for c in CASES.values() for o in c[0]], [r for c in CASES.values() for r in c[1]])
    assert refresh_rfm(any_url) == len(CASES) + 1
    assert {name: rfm(any_url, name) for name in CASES} == {name: case[2] for name, case in CASES.items()}


@pytest.mark.parametrize(
    ("days", "orders", "yuan", "vip"),
    [(29, 4, 1001, True), (30, 4, 1001, False), (29, 3, 5000, False), (29, 4, 1000, False), (0, 9, 1000.01, True)],
)
def test_the_vip_rule_is_below_30_days_above_3_orders_above_1000_yuan(
    url: str, days: int, orders: int, yuan: float, vip: bool
) -> None:
    paid = f"{local(now()) - timedelta(days=days):%Y-%m-%d} 12:00"
    share, total = round(yuan * 100) // orders, round(yuan * 100)
    amounts = [share] * (orders - 1) + [total - share * (orders - 1)]
    write(url, ["V"], [order(f"v{i}", "V", amount, paid) for i, amount in enumerate(amounts)], [])
    refresh_rfm(url)
    known = standing(url, "V")
    assert known is not None and (segment_of(known, load_segments()).name == "vip") is vip


def test_every_step_of_an_order_counts_at_once(any_url: str) -> None:
    before = rfm(any_url)
    assert before == (9, 1, 8900)
    placed = place_order(any_url, channel="web", account="w1", sku="P1-2", quantity=1, idempotency_key="k")
    assert rfm(any_url) == before
    assert record_payment(any_url, placed.no, method="wechat")
    assert rfm(any_url) == (0, 2, 8900 + 599900)
    done = cancel(any_url, Access("web", "w1", "C1"), placed.no, key="c")
    assert rfm(any_url) == before
    assert done.refund is not None
    move_refund(any_url, done.refund.no, "arrived")
    assert rfm(any_url) == before


def test_released_orders_give_their_coupon_back(service_url: str) -> None:
    placed = place_order(
        service_url, channel="web", account="w1", sku="P2-1", quantity=2, coupon_id="Y1", idempotency_key="k"
    )
    with freeze(placed.pay_before + timedelta(minutes=1)):
        assert release_unpaid(service_url) >= 1
        again = place_order(
            service_url, channel="web", account="w1", sku="P2-1", quantity=2, coupon_id="Y1", idempotency_key="k2"
        )
    assert again.discount_fen == placed.discount_fen


def test_recency_is_todays_whenever_it_is_asked_for(url: str) -> None:
    with freeze(now() + timedelta(days=5)):
        known = standing(url, "C1")
        assert known is not None and known.recency_days == 14
        refresh_rfm(url)
        assert rfm(url)[0] == 14


def test_orders_during_the_daily_run_are_not_lost(any_url: str) -> None:
    def buy(number: int) -> None:
        placed = place_order(any_url, channel="web", account="w1", sku="P1-2", quantity=1, idempotency_key=f"k{number}")
        record_payment(any_url, placed.no, method="wechat")

    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(refresh_rfm, any_url) for _ in range(4)]
        buys = [pool.submit(buy, number) for number in range(12)]
        for job in (*runs, *buys):
            job.result()
    assert rfm(any_url) == (0, 13, 8900 + 12 * 599900)


def test_a_customer_without_figures_gets_them_with_the_first_order(any_url: str) -> None:
    write(any_url, ["N"], [], [])
    with writing(any_url) as session:
        session.add(AccountRow(channel="web", account="n", customer_id="N"))
    with ThreadPoolExecutor(4) as pool:
        placed = list(
            pool.map(
                lambda key: place_order(
                    any_url, channel="web", account="n", sku="P1-2", quantity=1, idempotency_key=key
                ),
                "abcd",
            )
        )
    for one in placed:
        record_payment(any_url, one.no, method="wechat")
    assert rfm(any_url, "N") == (0, 4, 4 * 599900)


def _many(count: int) -> tuple[list[str], list[dict], list[dict]]:
    draw = random.Random(5)
    customers = [f"M{number:05d}" for number in range(count // 5)]
    statuses = ["completed"] * 6 + [
        "paid",
        "shipped",
        "delivered",
        "pending_payment",
        "cancelled",
        "refunding",
        "refunded",
    ]
    orders, refunds = [], []
    for number in range(count):
        status, amount = draw.choice(statuses), draw.randrange(100, 500_000)
        paid = now() - timedelta(minutes=draw.randrange(60 * 24 * 400))
        unpaid = status in ("pending_payment", "cancelled") and draw.random() < 0.8
        row = order(f"O{number}", draw.choice(customers) if draw.random() < 0.95 else None, amount, None, status)
        fee = draw.choice([0, 0, 600, 1200])
        row |= {"paid_at": None if unpaid else paid, "created_at": paid, "shipping_fen": min(fee, amount)}
        row["due_fen"] = draw.choice([0] * 20 + [amount // 10])
        orders.append(row)
        for part in range(draw.choice([0] * 8 + [1, 2])):
            share = draw.choice([amount, max(1, amount - fee), draw.randrange(1, amount + 1)])
            stage = draw.choice(["arrived", "processing", "rejected", "withdrawn", "waiting_return"])
            kind = draw.choice(["return", "cancel", "protection", "goods", "shipping", "items"])
            refunds.append(back(f"R{number}-{part}", f"O{number}", share, stage, kind))
    return customers, orders, refunds


def _by_pandas(customers: list[str], orders: list[dict], refunds: list[dict]) -> dict[str, Figures]:
    """The definition once more, in another language."""
    given, returned = pd.DataFrame(orders), pd.DataFrame(refunds)
    real = returned[
        ~returned.stage.isin(["rejected", "withdrawn"])
        & returned.kind.isin(["cancel", "return", "protection", "goods"])
    ]
    given = given.merge(
        real.groupby("order_no").amount_fen.sum().rename("back"), left_on="no", right_index=True, how="left"
    )
    given["left"] = given.amount_fen - given.due_fen - given.back.fillna(0).astype(int)
    kept = given[
        given.paid_at.notna()
        & given.customer_id.notna()
        & ~given.status.isin(["pending_payment", "cancelled", "refunding", "refunded"])
        & (given.left > given.shipping_fen)
    ].copy()
    kept["day"] = pd.to_datetime(kept.paid_at, utc=True).dt.tz_convert("Asia/Shanghai").dt.date
    today = local(now()).date()
    grouped = kept.groupby("customer_id").agg(day=("day", "max"), count=("no", "count"), sum=("left", "sum"))
    found: dict[str, Figures] = dict.fromkeys(customers, (None, 0, 0))
    for name, row in grouped.iterrows():
        found[str(name)] = ((today - row["day"]).days, int(row["count"]), int(row["sum"]))
    return found


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_hundred_thousand_orders_as_pandas_has_them(
    request: pytest.FixtureRequest, feed: Any, database: str, record_property: Any
) -> None:
    url: str = request.getfixturevalue({"sqlite": "empty_url", "postgresql": "postgres_url"}[database])
    upgrade_and_seed(url, feed(), progress=lambda line: None)
    customers, orders, refunds = _many(100_000)
    write(url, customers, orders, refunds)
    start = time.process_time(), time.perf_counter()
    assert refresh_rfm(url) == len(customers) + 1
    used, wall = time.process_time() - start[0], time.perf_counter() - start[1]
    record_property("seconds", wall)
    print(f"refresh_rfm of 100,000 orders on {database}: {wall:.2f} s ({used:.2f} s of this process)")
    with reading(url) as session:
        rows = session.execute(select(RfmRow.customer_id, RfmRow.recency_days, RfmRow.frequency, RfmRow.monetary_fen))
        found = {row[0]: tuple(row[1:]) for row in rows}
    found.pop("C1")
    assert found == _by_pandas(customers, orders, refunds)
    assert wall < 30
