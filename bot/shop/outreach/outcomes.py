"""What became of an offer: clicked, declined, ordered, or nothing inside the window."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import repeated, writing
from bot.settings import get_settings
from bot.shop.customer_tables import OfferRow
from bot.shop.tables import VariantRow
from bot.shop.trade_tables import OrderRow

OUTCOMES = {"shown": "已展示", "clicked": "点开看了", "declined": "不需要", "ordered": "下单了", "ignored": "没有理会"}
OPEN = ("shown", "clicked")


@repeated
def react(url: str, offer_id: str, customer_id: str, outcome: str) -> bool:
    """The customer clicked or declined; False when the offer is not theirs, is over, or led to an order already.

    Raises:
        ValueError: `outcome` is neither.
    """
    before = {"clicked": ("shown",), "declined": OPEN}.get(outcome)
    if before is None:
        raise ValueError("outcome 应为 clicked 或 declined")
    with writing(url) as session:
        changed: Any = session.execute(
            update(OfferRow)
            .where(OfferRow.id == offer_id, OfferRow.customer_id == customer_id, OfferRow.outcome.in_(before))
            .values(outcome=outcome, outcome_at=now())
            .execution_options(synchronize_session=False)
        )
        return bool(changed.rowcount == 1)


def took_offer(
    session: Session, order: OrderRow, skus: Sequence[str], coupon_id: str | None, coupon_fen: int
) -> str | None:
    """Credit a new order to the offer it came from, in the order's transaction; the offer's id or None.

    That is the offer whose coupon it used, else the latest inside the window that was about one of its products.
    """
    if order.customer_id is None:
        return None
    products = select(VariantRow.product_id).where(VariantRow.sku.in_(list(skus)))
    since = now() - timedelta(days=get_settings().operations.customers.attribute_days)
    about = OfferRow.product_id.in_(products) & (OfferRow.shown_at >= since) & OfferRow.outcome.in_(OPEN)
    # A coupon that came back with a cancelled order may be used for another one.
    by_coupon = OfferRow.coupon_id == coupon_id
    rows = select(OfferRow).where(OfferRow.customer_id == order.customer_id, OfferRow.situation != "abandoned_order")
    found = session.scalars(rows.where(or_(by_coupon, about) if coupon_id else about)).all()
    if not found:
        return None
    best = max(found, key=lambda row: (coupon_id is not None and row.coupon_id == coupon_id, row.shown_at))
    best.outcome, best.outcome_at, best.order_no = "ordered", now(), order.no
    best.amount_fen = order.amount_fen
    best.discount_fen = coupon_fen if coupon_id is not None and best.coupon_id == coupon_id else 0
    session.flush()
    return str(best.id)


def paid_after_reminder(session: Session, order_no: str) -> None:
    """An unpaid order that the customer was reminded of was paid."""
    amount = select(OrderRow.amount_fen).where(OrderRow.no == order_no).scalar_subquery()
    session.execute(
        update(OfferRow)
        .where(OfferRow.order_no == order_no, OfferRow.situation == "abandoned_order", OfferRow.outcome != "ordered")
        .values(outcome="ordered", outcome_at=now(), amount_fen=amount)
        .execution_options(synchronize_session=False)
    )


@repeated
def close_offers(url: str) -> int:
    """Offers that led to nothing inside the window become ignored, as once a day; returns how many."""
    since = now() - timedelta(days=get_settings().operations.customers.attribute_days)
    with writing(url) as session:
        closed: Any = session.execute(
            update(OfferRow)
            .where(OfferRow.outcome.in_(OPEN), OfferRow.shown_at < since)
            .values(outcome="ignored", outcome_at=now())
            .execution_options(synchronize_session=False)
        )
        return int(closed.rowcount)
