"""Payments that the shop's payment service reports."""

from datetime import datetime
from typing import Any

from sqlalchemy import update

from bot.clock import now
from bot.db import repeated, writing
from bot.shop.access import plain_number
from bot.shop.errors import NotFound
from bot.shop.outreach.outcomes import paid_after_reminder
from bot.shop.segments.rfm import update_rfm_of_order
from bot.shop.service_views import PAY_METHODS
from bot.shop.trade_tables import OrderRow


@repeated
def record_payment(url: str, order_no: str, *, method: str, paid_at: datetime | None = None) -> bool:
    """An unpaid order was paid; False when it is not waiting for that, as for a report that comes twice.

    Raises:
        NotFound: no such order.
        ValueError: no such way to pay.
    """
    if method not in PAY_METHODS:
        raise ValueError(f"付款方式“{method}”不对，可选：{'、'.join(PAY_METHODS)}")
    no = plain_number(order_no)
    with writing(url) as session:
        if session.get(OrderRow, no, with_for_update=True) is None:
            raise NotFound("order", no)
        paid: Any = session.execute(
            update(OrderRow)
            .where(OrderRow.no == no, OrderRow.status == "pending_payment")
            .values(status="paid", paid_at=paid_at or now(), pay_method=method)
            .execution_options(synchronize_session=False)
        )
        if paid.rowcount != 1:
            return False
        paid_after_reminder(session, no)
        update_rfm_of_order(session, no)
        return True
