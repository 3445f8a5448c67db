"""What was ordered and offered, as the figures read it from the shop. Nothing is written there."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, tuple_

from bot.db import reading
from bot.events import Event
from bot.insight.people import conversations_of, parts
from bot.settings import Settings
from bot.shop.customer_tables import OfferRow
from bot.shop.trade_tables import AccountRow, OrderRow

# What happens to an order or an offer, and the column that tells when.
_ORDER_MOMENTS = {
    "placed": "created_at", "paid": "paid_at", "shipped": "shipped_at", "delivered": "delivered_at",
    "cancelled": "cancelled_at",
}  # fmt: skip


@dataclass(frozen=True)
class Ordered:
    """An order as the figures see it; `counts` unless it was cancelled or paid back."""

    no: str
    customer: str
    at: datetime
    fen: int
    counts: bool


def orders_of(url: str, customers: Collection[str], start: datetime, end: datetime) -> list[Ordered]:
    """The orders of `customers` placed between two moments, oldest first."""
    ids = sorted(c for c in customers if "/" not in c)
    accounts = sorted(tuple(c.split("/", 1)) for c in customers if "/" in c)
    found: list[Ordered] = []
    with reading(url) as session:
        for part in parts(ids):
            found += _placed(session, OrderRow.customer_id.in_(part), start, end)
        for pairs in parts(accounts):
            found += _placed(session, tuple_(OrderRow.channel, OrderRow.account).in_(pairs), start, end)
    return sorted(found, key=lambda order: order.at)


def _placed(session: Any, whose: Any, start: datetime, end: datetime) -> list[Ordered]:
    names = ("no", "customer_id", "channel", "account", "created_at", "amount_fen", "status")
    query = select(*(getattr(OrderRow, name) for name in names))
    query = query.where(whose, OrderRow.created_at >= start, OrderRow.created_at <= end)
    return [
        Ordered(row.no, customer_of(row), row.created_at, row.amount_fen, row.status not in ("cancelled", "refunded"))
        for row in session.execute(query)
    ]


def customer_of(row: Any) -> str:
    """The name of an order's customer, as `bot.insight.people` has it."""
    return row.customer_id or f"{row.channel}/{row.account}"


@dataclass(frozen=True)
class Trade:
    """What changed in the shop: events for the store, and customer → time of the order whose contacts to link anew."""

    events: list[Event]
    orders: dict[str, datetime]


def trade_since(settings: Settings, after: datetime | None) -> Trade:
    """What happened to orders and offers after a moment; all of it for None.

    An event's id comes from what it tells, so that it is the same however often it is read.
    """
    with reading(settings.shop_url) as session:
        orders = session.execute(_changed(select(OrderRow), _ORDER_MOMENTS.values(), OrderRow, after)).scalars().all()
        offered = _changed(select(OfferRow), ("shown_at", "outcome_at"), OfferRow, after)
        offers = session.execute(offered).scalars().all()
        accounts = _accounts(session, {row.customer_id for row in offers})
    keys = {(row.channel, row.account) for row in orders} | set(accounts.values())
    conversations = conversations_of(settings, keys)
    events: list[Event] = []
    touched: dict[str, datetime] = {}
    for row in orders:
        who = customer_of(row)
        touched[who] = min(row.created_at, touched.get(who, row.created_at))
        events += _order_events(row, conversations[row.channel, row.account], after)
    for row in offers:
        key = accounts.get((row.customer_id, row.channel))
        events += _offer_events(row, conversations[key] if key else row.customer_id, after)
    return Trade(events, touched)


def _changed(query: Any, names: Collection[str], table: Any, after: datetime | None) -> Any:
    return query if after is None else query.where(or_(*(getattr(table, name) > after for name in names)))


def _accounts(session: Any, customers: Collection[str]) -> dict[tuple[str, str], tuple[str, str]]:
    """(customer, channel) → (channel, account), the first of several."""
    query = select(AccountRow.customer_id, AccountRow.channel, AccountRow.account).order_by(AccountRow.account.desc())
    found = {}
    for part in parts(sorted(customers)):
        for customer, channel, account in session.execute(query.where(AccountRow.customer_id.in_(part))):
            found[customer, channel] = (channel, account)
    return found


def _order_events(row: OrderRow, conversation: str, after: datetime | None) -> Iterator[Event]:
    for status, column in _ORDER_MOMENTS.items():
        at = getattr(row, column)
        if at is not None and (after is None or at > after):
            data = {"no": row.no, "status": status, "amount_fen": row.amount_fen}
            yield Event("order", conversation, at, _id("order", row.no, status), row.channel, "", data)


def _offer_events(row: OfferRow, conversation: str, after: datetime | None) -> Iterator[Event]:
    outcome = {row.outcome: row.outcome_at} if row.outcome != "shown" else {}
    for what, at in {"shown": row.shown_at, **outcome}.items():
        if at is not None and (after is None or at > after):
            data = {"offer": row.id, "script": row.script, "segment": row.segment, "outcome": what}
            yield Event("offer", conversation, at, _id("offer", row.id, what), row.channel, "", data)


def _id(*parts_: str) -> str:
    return hashlib.sha256("\n".join(parts_).encode()).hexdigest()[:32]
