"""Cancelling: before shipping at once, after it by asking the carrier to bring the parcel back."""

from sqlalchemy.orm import Session

from bot.clock import now
from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.aftersale import rules
from bot.shop.aftersale.money import still_paid_fen
from bot.shop.aftersale.order_rows import change_order, give_back, lines_of, owned_order
from bot.shop.aftersale.refunds import draft, start_refund
from bot.shop.aftersale.requests import Request, carry_out
from bot.shop.aftersale.ticket_rows import open_of_kind, open_ticket_row, opener, plan_ticket
from bot.shop.errors import Refused
from bot.shop.presale.bill import give_coupons_back
from bot.shop.service_views import Cancellation


def cancel(url: str, access: Access, no: str, *, reason: str = "", key: str, preview: bool = False) -> Cancellation:
    """Cancel an order that has not been shipped, or have a parcel on its way intercepted.

    Raises:
        NotFound; Refused: order_closed, cancel_signed, intercept_requested.
    """

    def check(session: Session) -> Cancellation:
        order = owned_order(session, access, no, lock_stock_of=())
        rules.cancellable(order.status)
        amount = 0 if order.status == "pending_payment" else still_paid_fen(session, order)
        if order.status not in rules.UNSHIPPED:
            under_way = open_of_kind(session, order.no, "intercept")
            if under_way is not None:
                raise Refused("intercept_requested", ticket_no=under_way.no)
            hours = get_settings().operations.after_sale.review_hours
            return Cancellation(
                order.no, "intercepting", amount, ticket=plan_ticket(
                    "intercept", order.no, note=reason, hours=hours, refund_fen=amount
                )
            )  # fmt: skip
        return Cancellation(
            order.no, "cancelled", amount, draft(order, "cancel", amount, "processing") if amount else None
        )

    def act(session: Session, planned: Cancellation) -> Cancellation:
        order = owned_order(session, access, no)
        if planned.ticket is not None:
            ticket = open_ticket_row(session, planned.ticket, opener(access, order))
            return Cancellation(order.no, planned.stage, planned.refund_fen, ticket=ticket)
        for line in lines_of(session, order.no):
            give_back(session, order, line.sku, line.quantity)
        give_coupons_back(session, order.no)
        status = "refunding" if planned.refund else "cancelled"
        change_order(session, order, status=status, cancelled_at=now())
        refund = start_refund(session, planned.refund) if planned.refund else None
        return Cancellation(planned.order_no, planned.stage, planned.refund_fen, refund)

    request = Request(access, "cancel", key, {"no": no, "reason": reason})
    return carry_out(url, request, Cancellation, check, act, preview)
