"""Recency, frequency, monetary per customer, summed up by the database.

An order counts when it was paid, is not being or has not been paid back as a whole, and some of its goods are still
paid for: amount − due − refunds of goods (on their way or arrived) is more than its shipping fee.

- recency: days in the shop's calendar since the last counted order was paid,
- frequency: how many orders count,
- monetary: what the shop keeps of their money, shipping included, in fen.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.clock import local, now
from bot.db import reading, repeated, writing
from bot.shop.aftersale.money import not_gone
from bot.shop.customer_tables import RfmRow
from bot.shop.segments.conditions import Standing
from bot.shop.service_tables import RefundRow
from bot.shop.trade_tables import CustomerRow, OrderRow

CHUNK = 2000  # customers of one transaction: an order of one of them waits no longer than that
NOT_KEPT = ("pending_payment", "cancelled", "refunding", "refunded")
_TRIES = 5


class _Sums(NamedTuple):
    frequency: int = 0
    monetary_fen: int = 0
    last_paid_at: datetime | None = None


def refresh_rfm(url: str) -> int:
    """Compute all customers anew, as once a day; returns how many. Orders placed meanwhile are not lost."""
    _add_missing(url)
    done, last = 0, ""
    while ids := _refresh_after(url, last):
        done, last = done + len(ids), ids[-1]
    return done


@repeated
def _refresh_after(url: str, last: str) -> list[str]:
    """The next customers, by their numbers, computed anew."""
    with writing(url) as session:
        # Locked before the orders are read: whoever changes one of them waits here, or was read.
        rows = select(RfmRow.customer_id).where(RfmRow.customer_id > last).order_by(RfmRow.customer_id)
        ids = list(session.scalars(rows.limit(CHUNK).with_for_update()))
        if ids:
            _store(session, ids, _sums(session, OrderRow.customer_id.between(ids[0], ids[-1])))
        return ids


def update_rfm(session: Session, customer_id: str | None) -> None:
    """Compute one customer anew, in the transaction that changed an order of theirs; guests have none."""
    if customer_id is None:
        return
    session.flush()
    lock = select(RfmRow.customer_id).where(RfmRow.customer_id == customer_id).with_for_update()
    if session.scalar(lock) is None:
        with suppress(IntegrityError), session.begin_nested():  # refused: another order of theirs was faster
            session.execute(insert(RfmRow).values(_values(customer_id, _Sums())))
        session.scalar(lock)
    _store(session, [customer_id], _sums(session, OrderRow.customer_id == customer_id))


def update_rfm_of_order(session: Session, order_no: str) -> None:
    """`update_rfm` for the customer of an order."""
    update_rfm(session, session.scalar(select(OrderRow.customer_id).where(OrderRow.no == order_no)))


def standing(url: str, customer_id: str) -> Standing | None:
    """What is known of a customer today; None for one that the shop does not know."""
    with reading(url) as session:
        return standing_in(session, customer_id)


def standing_in(session: Session, customer_id: str) -> Standing | None:
    """`standing` inside a transaction."""
    columns = (RfmRow.last_paid_at, RfmRow.frequency, RfmRow.monetary_fen, CustomerRow.created_at)
    found = session.execute(
        select(*columns)
        .join_from(CustomerRow, RfmRow, RfmRow.customer_id == CustomerRow.id, isouter=True)
        .where(CustomerRow.id == customer_id)
    ).first()
    if found is None:
        return None
    last_paid_at, frequency, monetary_fen, since = found
    today = local(now()).date()
    return Standing(_days(last_paid_at, today), frequency or 0, monetary_fen or 0, _days(since, today) or 0)


def counted_orders(whose: Any) -> Any:
    """A subquery of the orders that count: no, customer_id, paid_at, left_fen (what the shop keeps of their money)."""
    refunded = (
        select(func.coalesce(func.sum(RefundRow.amount_fen), 0))
        .where(RefundRow.order_no == OrderRow.no, *not_gone())
        .scalar_subquery()
    )
    orders = (
        select(
            OrderRow.no,
            OrderRow.customer_id,
            OrderRow.paid_at,
            OrderRow.shipping_fen,
            (OrderRow.amount_fen - OrderRow.due_fen - refunded).label("left_fen"),
        )
        .where(whose, OrderRow.customer_id.is_not(None), OrderRow.paid_at.is_not(None))
        .where(OrderRow.status.notin_(NOT_KEPT))
        .subquery()
    )
    return select(orders).where(orders.c.left_fen > orders.c.shipping_fen).subquery()


def _sums(session: Session, whose: Any) -> dict[str, _Sums]:
    kept = counted_orders(whose)
    sums = (func.count(), func.sum(kept.c.left_fen), func.max(kept.c.paid_at))
    rows = session.execute(select(kept.c.customer_id, *sums).group_by(kept.c.customer_id))
    return {customer: _Sums(int(count), int(fen), last) for customer, count, fen, last in rows}


def _store(session: Session, ids: Sequence[str], sums: dict[str, _Sums]) -> None:
    table = RfmRow.__table__
    columns = [column.name for column in table.columns if not column.primary_key]
    statement = (
        update(table).where(table.c.customer_id == bindparam("of")).values({name: bindparam(name) for name in columns})
    )
    rows = [_values(one, sums.get(one, _Sums())) for one in ids]
    session.connection().execute(statement, [{**row, "of": row.pop("customer_id")} for row in rows])


def _values(customer_id: str, sums: _Sums) -> dict[str, Any]:
    recency = _days(sums.last_paid_at, local(now()).date())
    return {"customer_id": customer_id, **sums._asdict(), "recency_days": recency, "computed_at": now()}


def _days(since: datetime | None, today: date) -> int | None:
    return None if since is None else max(0, (today - local(since).date()).days)


@repeated
def _add_missing(url: str) -> None:
    """A row for every customer that has none yet."""
    nothing = _values("", _Sums())
    named = [name for name in nothing if name != "customer_id"]
    columns = [RfmRow.__table__.c[name] for name in named]
    known = exists().where(RfmRow.customer_id == CustomerRow.id)
    missing = select(CustomerRow.id, *(literal(nothing[c.name], c.type) for c in columns)).where(~known)
    for _ in range(_TRIES):
        with suppress(IntegrityError), writing(url) as session:  # refused: an order just added one of them
            session.execute(insert(RfmRow).from_select(["customer_id", *named], missing))
            return
