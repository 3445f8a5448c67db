"""Customers and their coupons."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from bot.clock import local, now
from bot.db import asking, reading
from bot.shop.access import Access
from bot.shop.aftersale.requests import Request, carry_out
from bot.shop.errors import Refused
from bot.shop.offer_tables import CouponRow
from bot.shop.service_views import Coupon, Customer
from bot.shop.tables import PromotionRow
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderRow

_NOT_BOUGHT = ("cancelled", "refunded")
# Made once, and without a session: asked in most turns.
_CUSTOMER = (
    select(CustomerRow.id, CustomerRow.name, CustomerRow.city, CustomerRow.created_at)
    .join(AccountRow, AccountRow.customer_id == CustomerRow.id)
    .where(AccountRow.channel == bindparam("channel"), AccountRow.account == bindparam("account"))
)


def identify(url: str, channel: str, account: str) -> Customer | None:
    """The customer of an account, or None for a guest."""
    with asking(url) as connection:
        row = connection.execute(_CUSTOMER, {"channel": channel, "account": account}).first()
        if row is None:
            return None
        return Customer(row.id, row.name, row.city, row.created_at, orders_count(connection, row.id))


def orders_count(session: Session | Connection, customer_id: str) -> int:
    """The customer's orders that were not cancelled or paid back."""
    rows = select(func.count()).select_from(OrderRow)
    return session.scalar(rows.where(OrderRow.customer_id == customer_id, OrderRow.status.notin_(_NOT_BOUGHT))) or 0


def coupons(url: str, access: Access) -> list[Coupon]:
    """The customer's unused coupons that count now, then those to be claimed; none for a guest."""
    if access.customer_id is None:
        return []
    moment = now()
    with reading(url) as session:
        rows = list(session.scalars(_coupons_of(access.customer_id).order_by(CouponRow.expires_at, CouponRow.id)))
        personal = [coupon_of(session, row) for row in rows if row.terms and row.used_at is None]
        mine = {row.promotion_id: row for row in rows if not row.terms}
        running = [row for row in _coupon_promotions(session) if row.starts_at <= moment < row.ends_at]
        buyer = orders_count(session, access.customer_id) > 0
    own = [coupon_view(row, mine[row.id].id) for row in running if row.id in mine and mine[row.id].used_at is None]
    new = [row for row in running if row.id not in mine and not (buyer and row.rule.get("new_customers"))]
    return [c for c in personal if c.expires_at > moment] + own + [coupon_view(row) for row in new]


def claim_coupon(url: str, access: Access, promotion_id: str, *, key: str) -> Coupon:
    """Take a coupon, one per customer.

    Raises:
        Refused: coupon_guest, coupon_unknown, coupon_expired, coupon_claimed, coupon_new_customers.
    """

    def check(session: Session) -> Coupon:
        if access.customer_id is None or session.get(CustomerRow, access.customer_id) is None:
            raise Refused("coupon_guest")
        promotion = session.get(PromotionRow, promotion_id)
        if promotion is None or promotion.kind != "coupon":
            raise Refused("coupon_unknown")
        in_force(promotion, now())
        if session.scalars(_coupons_of(access.customer_id).where(CouponRow.promotion_id == promotion_id)).first():
            raise Refused("coupon_claimed")
        for_new_customers(promotion, orders_count(session, access.customer_id))
        return coupon_view(promotion)

    def act(session: Session, seen: Coupon) -> Coupon:
        row = CouponRow(
            id=f"YH{local(now()):%y%m%d}{secrets.randbelow(10**8):08d}",
            promotion_id=promotion_id,
            customer_id=access.customer_id,
            claimed_at=now(),
        )
        session.add(row)
        session.flush()
        return coupon_view(session.get(PromotionRow, promotion_id), row.id)

    return carry_out(url, Request(access, "claim_coupon", key, {"promotion": promotion_id}), Coupon, check, act)


def in_force(promotion: PromotionRow, moment: datetime) -> None:
    """A coupon counts only between its dates."""
    if not promotion.starts_at <= moment < promotion.ends_at:
        raise Refused("coupon_expired", expires_at=promotion.ends_at)


def for_new_customers(promotion: PromotionRow, orders: int) -> None:
    """Some coupons are for a first order only."""
    if promotion.rule.get("new_customers") and orders:
        raise Refused("coupon_new_customers")


def coupon_view(promotion: PromotionRow, coupon_id: str = "") -> Coupon:
    """The coupon as a value; without an id it is still to be claimed."""
    rule = promotion.rule
    return Coupon(
        coupon_id or promotion.id, promotion.id, promotion.name, rule["over_fen"], rule["minus_fen"],
        promotion.ends_at, bool(coupon_id),
    )  # fmt: skip


def coupon_of(session: Session, row: CouponRow) -> Coupon:
    """A coupon that somebody has, by its promotion's terms or its own."""
    if not row.terms:
        return coupon_view(session.get(PromotionRow, row.promotion_id), row.id)
    return Coupon(id=row.id, promotion_id="", expires_at=row.expires_at, personal=True, **row.terms)


def _coupons_of(customer_id: str) -> Any:
    return select(CouponRow).where(CouponRow.customer_id == customer_id)


def _coupon_promotions(session: Session) -> list[PromotionRow]:
    return list(session.scalars(select(PromotionRow).where(PromotionRow.kind == "coupon").order_by(PromotionRow.id)))
