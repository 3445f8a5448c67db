"""Returns for a refund: without a reason inside the legal days, for faulty goods longer."""

from sqlalchemy.orm import Session

from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.aftersale import rules
from bot.shop.aftersale.money import line_refund, net_of_lines
from bot.shop.aftersale.order_rows import line_of, lines_of, owned_order
from bot.shop.aftersale.refunds import draft, start_refund
from bot.shop.aftersale.requests import Request, carry_out
from bot.shop.aftersale.ticket_rows import OPEN, in_service, open_ticket_row, opener, plan_ticket
from bot.shop.presale.carriage import goods_of
from bot.shop.service_views import REASONS, Ticket
from bot.shop.trade_tables import OrderLineRow, OrderRow

BUSY = {"return": (*OPEN, "done"), "exchange": OPEN, "repair": OPEN}  # a returned unit is gone, a repaired one is back


def request_return(
    url: str, access: Access, no: str, *, sku: str, quantity: int = 1, reason: str = "no_reason", opened: bool = False,
    note: str = "", key: str, preview: bool = False,
) -> Ticket:  # fmt: skip
    """Send units of a line back; approved at once without a reason, reviewed by a person for faulty goods.

    Raises:
        NotFound; Refused: not_signed, order_closed, return_window, return_excluded, return_opened, quality_window,
        quantity, in_service.
        ValueError: no such reason.
    """
    rules.one_of(reason, REASONS, "退货原因")
    faulty = reason in rules.REASON_GOODS

    def check(session: Session) -> Ticket:
        order = owned_order(session, access, no)
        delivered = rules.signed(order.status, order.delivered_at)
        line = line_of(session, order.no, sku)
        product = goods_of(session, [sku])[sku]
        if faulty:
            rules.quality_window(delivered)
        else:
            terms = product.parameters.get("七天无理由")
            rules.return_excluded(product.category, terms)
            rules.return_window(delivered)
            rules.return_opened(product.category, terms, opened)
        before = check_units(session, order, line, quantity)
        net = net_of_lines(lines_of(session, order.no), order.discount_fen)[sku]
        return plan_ticket(
            "return", order.no, sku=sku, quantity=quantity, status="submitted" if faulty else "approved",
            reason=reason, note=note, hours=get_settings().operations.after_sale.review_hours if faulty else None,
            refund_fen=line_refund(session, order, line, net, before, quantity),
            freight_by="shop" if faulty else "customer",
        )  # fmt: skip

    def act(session: Session, planned: Ticket) -> Ticket:
        order = owned_order(session, access, no)
        ticket = open_ticket_row(session, planned, opener(access, order), opened=opened)
        if ticket.refund_fen:
            stage = "reviewing" if faulty else "waiting_return"
            start_refund(session, draft(order, "return", ticket.refund_fen, stage), ticket.no)
        return ticket

    arguments = {"no": no, "sku": sku, "quantity": quantity, "reason": reason, "opened": opened, "note": note}
    return carry_out(url, Request(access, "return", key, arguments), Ticket, check, act, preview)


def check_units(session: Session, order: OrderRow, line: OrderLineRow, quantity: int) -> int:
    """Refuse units that were not bought or are in service; returns how many units of the line went back before."""
    busy, newest = in_service(session, order.no, line.sku, BUSY)
    rules.enough(quantity, line.quantity - busy, line.quantity, newest)
    return in_service(session, order.no, line.sku, {"return": BUSY["return"]})[0]
