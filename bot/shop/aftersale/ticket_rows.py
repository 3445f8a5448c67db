"""Tickets in the database: written, read, found for their owner only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clock import now
from bot.shop.access import Access, check_access, plain_number
from bot.shop.aftersale.history import add_step, histories
from bot.shop.aftersale.numbers import new_number
from bot.shop.aftersale.order_rows import owned_order
from bot.shop.errors import NotFound
from bot.shop.service_tables import PhotoRow, TicketRow
from bot.shop.service_views import Ticket
from bot.shop.trade_tables import CustomerRow, OrderRow

OPEN = ("submitted", "approved", "sent_back", "received")
GONE = ("rejected", "withdrawn")


@dataclass(frozen=True)
class Opener:
    """Whom a ticket belongs to: the order's owner, else who writes."""

    customer_id: str | None
    channel: str
    account: str


def opener(access: Access, order: OrderRow | None) -> Opener:
    """The ticket's owner."""
    return Opener(order.customer_id if order else access.customer_id, access.channel, access.account)


def plan_ticket(
    kind: str, order_no: str | None, *, sku: str | None = None, quantity: int = 1, status: str = "submitted",
    reason: str = "other", note: str = "", hours: int | None = None, **details: Any,
) -> Ticket:  # fmt: skip
    """A ticket as it would be, without a number; promised within `hours`."""
    promised = now() + timedelta(hours=hours) if hours is not None else None
    return Ticket("", kind, order_no, sku, quantity, status, reason, note.strip()[:1000], now(), promised, **details)


def open_ticket_row(session: Session, planned: Ticket, owner: Opener, **details: Any) -> Ticket:
    """Write a planned ticket down."""
    no = new_number("SH")
    customer_id = owner.customer_id
    if customer_id is not None and session.get(CustomerRow, customer_id) is None:
        customer_id = None  # known to a CRM of its own, not to these tables
    kept = {"refund_fen": planned.refund_fen, "freight_by": planned.freight_by, "new_sku": planned.new_sku} | details
    session.add(
        TicketRow(
            no=no, kind=planned.kind, order_no=planned.order_no, sku=planned.sku, quantity=planned.quantity,
            customer_id=customer_id, channel=owner.channel, account=owner.account, status=planned.status,
            reason=planned.reason, note=planned.note, details={k: v for k, v in kept.items() if v},
            created_at=planned.created_at, promised_at=planned.promised_at,
        )
    )  # fmt: skip
    steps = [add_step(session, no, "submitted")]
    if planned.status != "submitted":
        steps.append(add_step(session, no, planned.status))
    return replace(planned, no=no, history=tuple(steps))


def ticket_views(session: Session, rows: Sequence[TicketRow]) -> list[Ticket]:
    """The rows as values, with histories and photos."""
    numbers = [row.no for row in rows]
    steps = histories(session, numbers)
    photos: dict[str, tuple[str, ...]] = {}
    for photo in session.scalars(
        select(PhotoRow).where(PhotoRow.ticket_no.in_(numbers)).order_by(PhotoRow.stored_at, PhotoRow.id)
    ):
        photos[photo.ticket_no] = (*photos.get(photo.ticket_no, ()), photo.id)
    return [
        Ticket(
            row.no, row.kind, row.order_no, row.sku, row.quantity, row.status, row.reason, row.note, row.created_at,
            row.promised_at, row.details.get("refund_fen", 0), row.details.get("freight_by", ""),
            row.details.get("new_sku"), photos.get(row.no, ()), steps.get(row.no, ()),
        )
        for row in rows
    ]  # fmt: skip


def owned_ticket(session: Session, access: Access, no: str) -> TicketRow:
    """The ticket, its order locked before it: seen by whoever may use the order, without one by who opened it.

    Raises:
        NotFound: no such ticket, or not for this account.
    """
    no = plain_number(no)
    row = session.get(TicketRow, no)
    if row is not None and row.order_no is not None:
        try:
            owned_order(session, access, row.order_no)
        except NotFound:
            row = None
    elif row is not None:
        try:
            check_access(access, "", row)
        except NotFound:
            row = None
    if row is None:
        raise NotFound("ticket", no)
    found = session.get(TicketRow, no, with_for_update=True, populate_existing=True)
    assert found is not None  # tickets are never deleted
    return found


def in_service(
    session: Session, order_no: str, sku: str, kinds: Mapping[str, Collection[str]]
) -> tuple[int, str | None]:
    """Units of a line under tickets of `kinds` (kind → statuses that count), and the newest such ticket."""
    units, newest = 0, None
    rows = select(TicketRow).where(TicketRow.order_no == order_no, TicketRow.sku == sku)
    for row in session.scalars(rows.order_by(TicketRow.created_at, TicketRow.no)):
        if row.status in kinds.get(row.kind, ()):
            units, newest = units + row.quantity, row.no
    return units, newest


def open_of_kind(session: Session, order_no: str, kind: str) -> TicketRow | None:
    """The newest open ticket of a kind for an order."""
    rows = select(TicketRow).where(TicketRow.order_no == order_no, TicketRow.kind == kind, TicketRow.status.in_(OPEN))
    return session.scalars(rows.order_by(TicketRow.created_at.desc(), TicketRow.no)).first()
