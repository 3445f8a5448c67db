"""Exchange for the same or another variant of the product, kept aside in stock until it is sent."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.aftersale import rules
from bot.shop.aftersale.order_rows import line_of, owned_order
from bot.shop.aftersale.requests import Changed, Request, carry_out
from bot.shop.aftersale.returns import check_units
from bot.shop.aftersale.ticket_rows import OPEN, open_ticket_row, opener, plan_ticket
from bot.shop.errors import Refused
from bot.shop.service_tables import TicketRow
from bot.shop.service_views import REASONS, Ticket
from bot.shop.tables import StockRow, VariantRow


def request_exchange(
    url: str, access: Access, no: str, *, sku: str, new_sku: str, quantity: int = 1, reason: str = "other",
    note: str = "", key: str, preview: bool = False,
) -> Ticket:  # fmt: skip
    """Swap units of a line for `new_sku` of the same product; the new units are reserved.

    Raises:
        NotFound; Refused: not_signed, order_closed, exchange_window, exchange_other_product, exchange_stock,
        quantity, in_service.
        ValueError: no such reason.
    """
    rules.one_of(reason, REASONS, "换货原因")

    def check(session: Session) -> Ticket:
        order = owned_order(session, access, no, lock_stock_of=(new_sku,))
        rules.exchange_window(rules.signed(order.status, order.delivered_at))
        line = line_of(session, order.no, sku)
        new, old = session.get(VariantRow, new_sku), session.get(VariantRow, sku)
        rules.same_product("exchange_other_product", old.product_id, new.product_id if new else None)
        check_units(session, order, line, quantity)
        available = max((row.on_hand - row.reserved for row in _stock(session, new_sku)), default=0)
        if available < quantity:
            raise Refused("exchange_stock", available=available)
        return plan_ticket(
            "exchange", order.no, sku=sku, quantity=quantity, reason=reason, note=note, new_sku=new_sku,
            hours=get_settings().operations.after_sale.review_hours,
            freight_by="shop" if reason in rules.REASON_GOODS else "customer",
        )  # fmt: skip

    def act(session: Session, planned: Ticket) -> Ticket:
        order = owned_order(session, access, no)
        warehouse = _reserve(session, new_sku, quantity, order.warehouse_id)
        return open_ticket_row(session, planned, opener(access, order), warehouse_id=warehouse)

    arguments = {"no": no, "sku": sku, "new": new_sku, "quantity": quantity, "reason": reason, "note": note}
    return carry_out(url, Request(access, "exchange", key, arguments), Ticket, check, act, preview)


def release(session: Session, ticket: TicketRow, sent: bool) -> None:
    """Take an exchange's units out of the reservation; `sent` ones have left the warehouse."""
    if "warehouse_id" not in ticket.details:  # came by feed: its units were never reserved here
        return
    units = ticket.quantity
    values = {"reserved": StockRow.reserved - units} | ({"on_hand": StockRow.on_hand - units} if sent else {})
    session.execute(
        update(StockRow)
        .where(StockRow.sku == ticket.details["new_sku"], StockRow.warehouse_id == ticket.details["warehouse_id"])
        .where(StockRow.reserved >= units)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def reserved_by_exchanges(session: Session) -> dict[tuple[str, str], int]:
    """Units that open exchanges hold, by (sku, warehouse)."""
    held: dict[tuple[str, str], int] = {}
    rows = select(TicketRow).where(TicketRow.kind == "exchange", TicketRow.status.in_(OPEN))
    for row in session.scalars(rows):
        if "warehouse_id" in row.details:
            key = (row.details["new_sku"], row.details["warehouse_id"])
            held[key] = held.get(key, 0) + row.quantity
    return held


def _stock(session: Session, sku: str) -> list[StockRow]:
    rows = select(StockRow).where(StockRow.sku == sku).order_by(StockRow.warehouse_id)
    return list(session.scalars(rows.execution_options(populate_existing=True)))


def _reserve(session: Session, sku: str, quantity: int, first: str) -> str:
    """Reserve in the order's warehouse, else in the fullest; returns which."""
    stock = sorted(_stock(session, sku), key=lambda row: (row.warehouse_id != first, row.reserved - row.on_hand))
    for row in stock:
        taken = session.execute(
            update(StockRow)
            .where(StockRow.sku == sku, StockRow.warehouse_id == row.warehouse_id)
            .where(StockRow.on_hand - StockRow.reserved >= quantity)
            .values(reserved=StockRow.reserved + quantity)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount == 1:
            return str(row.warehouse_id)
    raise Changed
