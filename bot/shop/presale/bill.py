"""The bill of an order being placed: the same figures as the basket's, and the coupon used up with it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.clock import now
from bot.shop.customers import coupon_of, in_force
from bot.shop.errors import Refused
from bot.shop.offer_tables import CouponRow
from bot.shop.presale.basket import with_coupon
from bot.shop.presale.carriage import fee_fen, goods_of, grams_of_lines, province_of, served
from bot.shop.presale.offers import Lines, apply_offers
from bot.shop.tables import PromotionRow


@dataclass(frozen=True)
class Bill:
    """goods − discount + shipping = payable, in fen; `coupon_fen` is the coupon's part of the discount."""

    discount_fen: int
    shipping_fen: int
    payable_fen: int
    coupon_fen: int = 0


def bill_for(
    session: Session, lines: Lines, warehouse_id: str, city: str | None, customer_id: str | None, coupon_id: str | None
) -> Bill:
    """What the lines cost this customer; no fee while the city is not known.

    Raises:
        Refused: coupon_…, region_not_served.
    """
    applied = apply_offers(session, lines, now())
    net = applied.net
    if coupon_id is not None:
        net = with_coupon(session, applied, _own_coupon(session, coupon_id, customer_id), now())
    shipping = 0
    if city and province_of(session, city):
        goods = goods_of(session, lines)
        rule = served(session, warehouse_id, city, [product.category for product in goods.values()])
        units = {sku: quantity for sku, (_, quantity) in lines.items()}
        shipping = fee_fen(rule, grams_of_lines(goods, units), sum(net.values()))
    goods_fen = sum(price * quantity for price, quantity in lines.values())
    paid = sum(net.values())
    return Bill(goods_fen - paid, shipping, paid + shipping, sum(applied.net.values()) - paid)


def use_coupon(session: Session, coupon_id: str, order_no: str) -> None:
    """Mark the coupon as used by the order.

    Raises:
        Refused: coupon_used: another order was faster.
    """
    used: Any = session.execute(
        update(CouponRow)
        .where(CouponRow.id == coupon_id, CouponRow.used_at.is_(None))
        .values(used_at=now(), order_no=order_no)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:
        raise Refused("coupon_used")


def give_coupons_back(session: Session, order_no: str) -> None:
    """Coupons of an order that comes to nothing may be used again."""
    session.execute(
        update(CouponRow)
        .where(CouponRow.order_no == order_no)
        .values(used_at=None, order_no=None)
        .execution_options(synchronize_session=False)
    )


def _own_coupon(session: Session, coupon_id: str, customer_id: str | None) -> Any:
    row = session.get(CouponRow, coupon_id)
    if customer_id is None:
        raise Refused("coupon_guest")
    if row is None or row.customer_id != customer_id:
        raise Refused("coupon_unknown")
    if row.used_at is not None:
        raise Refused("coupon_used")
    if not row.terms:
        in_force(session.get(PromotionRow, row.promotion_id), now())
    return coupon_of(session, row)
