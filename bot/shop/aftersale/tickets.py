"""The life of a ticket: seen, taken back, brought forward by the shop's staff."""

from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import reading, repeated, writing
from bot.shop.access import Access
from bot.shop.aftersale.exchanges import release
from bot.shop.aftersale.history import add_step
from bot.shop.aftersale.money import still_paid_fen
from bot.shop.aftersale.order_rows import change_order, owned_order
from bot.shop.aftersale.refunds import advance, draft, start_refund
from bot.shop.aftersale.requests import Changed, Request, carry_out
from bot.shop.aftersale.ticket_rows import owned_ticket, ticket_views
from bot.shop.errors import NotFound, Refused
from bot.shop.service_tables import RefundRow, TicketRow
from bot.shop.service_views import TICKET_STATUSES, Ticket
from bot.shop.tables import StockRow
from bot.shop.trade_tables import OrderRow

_BEFORE = {
    "approved": ("submitted",),
    "rejected": ("submitted", "approved", "received"),
    "sent_back": ("approved",),
    "received": ("approved", "sent_back"),
    "done": ("submitted", "approved", "received"),
    "withdrawn": ("submitted", "approved"),
}
_REFUND_STAGE = {"approved": "waiting_return", "received": "processing", "done": "processing"}


def tickets(url: str, access: Access, order_no: str | None = None) -> list[Ticket]:
    """The account's and its customer's tickets, newest first; with `order_no`, those of the order.

    Raises:
        NotFound: no such order, or not this account's.
    """
    rows = select(TicketRow).order_by(TicketRow.created_at.desc(), TicketRow.no)
    with reading(url) as session:
        if order_no is not None:
            mine = TicketRow.order_no == owned_order(session, access, order_no).no
        else:
            own = (TicketRow.channel == access.channel) & (TicketRow.account == access.account)
            mine = or_(own, TicketRow.customer_id == access.customer_id) if access.customer_id else own
        found = session.scalars(rows.where(mine)).all()
        return ticket_views(session, [row for row in found if _visible(session, access, row)])


def ticket(url: str, access: Access, ticket_no: str) -> Ticket:
    """One ticket.

    Raises:
        NotFound: no such ticket, or not for this account.
    """
    with reading(url) as session:
        return ticket_views(session, [owned_ticket(session, access, ticket_no)])[0]


def withdraw(url: str, access: Access, ticket_no: str, *, key: str, preview: bool = False) -> Ticket:
    """Take a ticket back before anything was sent.

    Raises:
        NotFound; Refused: ticket_closed.
    """

    def check(session: Session) -> Ticket:
        row = owned_ticket(session, access, ticket_no)
        if row.status not in _BEFORE["withdrawn"]:
            raise Refused("ticket_closed", status=row.status)
        return ticket_views(session, [row])[0]

    def act(session: Session, seen: Ticket) -> Ticket:
        row = owned_ticket(session, access, ticket_no)
        if not _move(session, row, "withdrawn", ""):
            raise Changed
        return ticket_views(session, [row])[0]

    return carry_out(url, Request(access, "withdraw", key, {"ticket": ticket_no}), Ticket, check, act, preview)


@repeated
def move_ticket(url: str, ticket_no: str, status: str, note: str = "") -> bool:
    """Bring a ticket forward, as the shop's staff says, with its refund or exchange; False when it is past that.

    Raises:
        NotFound: no such ticket.
        ValueError: no such status.
    """
    if status not in _BEFORE:
        raise ValueError(f"服务单状态“{status}”不对，可选：{'、'.join(s for s in TICKET_STATUSES if s in _BEFORE)}")
    with writing(url) as session:
        row = session.get(TicketRow, ticket_no)
        if row is None:
            raise NotFound("ticket", ticket_no)
        new_sku = row.details.get("new_sku")
        stock = select(StockRow.sku).where(StockRow.sku == new_sku).order_by(StockRow.warehouse_id)
        session.execute(stock.with_for_update())  # stock, order, ticket: the order of locks everywhere
        if row.order_no is not None:
            session.get(OrderRow, row.order_no, with_for_update=True)
        session.refresh(row, with_for_update=True)
        return _move(session, row, status, note)


def _visible(session: Session, access: Access, row: TicketRow) -> bool:
    """A ticket shows its order, so it needs the leave to use it, also from the account that opened it."""
    if row.order_no is None:
        return True
    order = session.get(OrderRow, row.order_no)
    return order is not None and access.may_use(order.no, order)


def _move(session: Session, row: TicketRow, status: str, note: str) -> bool:
    before = row.status
    moved: Any = session.execute(
        update(TicketRow)
        .where(TicketRow.no == row.no, TicketRow.status.in_(_BEFORE[status]))
        .values(status=status, promised_at=None if status in ("done", "rejected", "withdrawn") else row.promised_at)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:
        return False
    session.refresh(row)
    add_step(session, row.no, status, note)
    if row.kind == "exchange" and status in ("done", "rejected", "withdrawn"):
        release(session, row, sent=status == "done")
    if row.kind == "intercept" and status == "done":
        _parcel_is_back(session, row)
    if before != status:
        _move_refund(session, row, status)
    return True


def _move_refund(session: Session, row: TicketRow, status: str) -> None:
    stage = _REFUND_STAGE.get(status, status)
    for refund in session.scalars(select(RefundRow).where(RefundRow.ticket_no == row.no)).all():
        if stage == "waiting_return" and refund.stage == "reviewing":
            refund.stage = stage
            add_step(session, refund.no, stage)
        else:
            advance(session, refund, stage)


def _parcel_is_back(session: Session, row: TicketRow) -> None:
    """An intercepted parcel came back: the order is closed and its money goes home."""
    order = session.get(OrderRow, row.order_no)
    if order is None or order.status != "shipped":
        return
    amount = still_paid_fen(session, order)
    change_order(session, order, status="refunding" if amount else "cancelled", cancelled_at=now())
    if amount:
        start_refund(session, draft(order, "cancel", amount, "processing"), row.no)
