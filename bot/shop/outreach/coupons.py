"""The coupon behind an offer: for one customer, one order and a few days, honoured wherever prices are made."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.clock import local, now
from bot.shop.errors import Refused
from bot.shop.offer_tables import CouponRow
from bot.shop.outreach.scripts import Discount
from bot.shop.presale.basket import with_coupon
from bot.shop.presale.offers import apply_offers
from bot.shop.price_table import current_prices
from bot.shop.service_views import Coupon

YUAN = 100


def draft(discount: Discount, scope: tuple[str, ...]) -> Coupon:
    """The coupon as it would be, without an id; good until the end of the last day."""
    last_day = (local(now()) + timedelta(days=discount.valid_days)).date()
    ends = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), local(now()).tzinfo)
    minus = discount.minus_yuan or discount.max_minus_yuan or 0
    return Coupon(
        "", "", discount.title, discount.over_yuan * YUAN, minus * YUAN, ends, percent=discount.percent or 0,
        personal=True, scope="|".join(scope),
    )  # fmt: skip


def give(session: Session, coupon: Coupon, customer_id: str) -> Coupon:
    """Write the coupon down for the customer."""
    moment = now()
    row = CouponRow(
        id=f"YH{local(moment):%y%m%d}{secrets.randbelow(10**8):08d}",
        customer_id=customer_id,
        claimed_at=moment,
        expires_at=coupon.expires_at,
        terms={
            "name": coupon.name, "over_fen": coupon.over_fen, "minus_fen": coupon.minus_fen,
            "percent": coupon.percent, "scope": coupon.scope,
        },
    )  # fmt: skip
    session.add(row)
    session.flush()
    return replace(coupon, id=row.id)


def one_unit_fen(session: Session, sku: str, coupon: Coupon | None = None) -> int | None:
    """What one unit costs now with all offers, and with the coupon; None when it does not count for it."""
    moment = now()
    price = current_prices(session, [sku], moment).get(sku)
    if price is None:
        return None
    applied = apply_offers(session, {sku: (price.price_fen, 1)}, moment)
    if coupon is None:
        return sum(applied.net.values())
    try:
        return sum(with_coupon(session, applied, coupon, moment).values())
    except Refused:
        return None
