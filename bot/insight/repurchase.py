"""Customers who come back: read from the shop's orders."""

from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from bot.db import reading
from bot.shop.trade_tables import OrderRow

WINDOW = timedelta(days=90)
DEFINITION = (
    "截至这段时间最后一天的 90 天里付过款的顾客中，付过两次以上的比例；"
    "取消、退款的订单和没登记的顾客不计，全店一个数，筛选不影响"
)


def repurchase_percent(url: str, until: datetime) -> float | None:
    """Of the customers who paid in the 90 days before `until`, how many percent paid more than once.

    Cancelled and refunded orders do not count, guests neither: nobody knows them again. None without customers.
    """
    each = (
        select(func.count().label("orders"))
        .where(
            OrderRow.customer_id.is_not(None),
            OrderRow.paid_at > until - WINDOW,
            OrderRow.paid_at <= until,
            OrderRow.status.not_in(("cancelled", "refunded")),
        )
        .group_by(OrderRow.customer_id)
        .subquery()
    )
    query = select(func.count(), func.sum(case((each.c.orders > 1, 1), else_=0))).select_from(each)
    with reading(url) as session:
        customers, back = session.execute(query).one()
    return round(100 * back / customers, 2) if customers else None
