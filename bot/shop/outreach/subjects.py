"""What an offer can be about, found in the customer's own orders and wishes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clock import now
from bot.settings import get_settings
from bot.shop.outreach.coupons import one_unit_fen
from bot.shop.outreach.successor import bought, next_for, ordered, sellable
from bot.shop.outreach.wishes import wishes_back_in
from bot.shop.service_views import Coupon
from bot.shop.tables import ProductRow, VariantRow
from bot.shop.trade_tables import OrderLineRow, OrderRow


@dataclass(frozen=True)
class Subject:
    """`kind` is one of SUBJECTS; `scope` is what a discount for it counts.

    last: the product bought last; goods: (name, label, quantity) of an unpaid order that ends at `pay_before`.
    """

    kind: str
    product_id: str | None = None
    sku: str | None = None
    name: str = ""
    last: str = ""
    category: str = ""
    scope: tuple[str, ...] = ()
    order_no: str | None = None
    goods: tuple[tuple[str, str, int], ...] = ()
    amount_fen: int = 0
    pay_before: datetime | None = None

    def prices(self, session: Session, coupon: Coupon) -> tuple[int, int] | None:
        """One unit without and with the coupon; None when it takes nothing off. Thanks are for goods not yet chosen."""
        if self.sku is None:
            return (0, 0) if self.scope else None
        before, after = one_unit_fen(session, self.sku), one_unit_fen(session, self.sku, coupon)
        return (before, after) if before is not None and after is not None and after < before else None


def subjects_of(session: Session, situation: str, customer_id: str, product_id: str | None) -> Iterator[Subject]:
    """What there is to say in a situation, the best first."""
    if situation == "price_hesitation":
        yield from _asked(session, product_id)
    elif situation == "back_in_stock":
        yield from _wishes(session, customer_id)
    elif situation == "abandoned_order":
        yield from _unpaid(session, customer_id)
    else:
        yield from _next(session, customer_id)


def _next(session: Session, customer_id: str) -> Iterator[Subject]:
    products = bought(session, customer_id)
    if not products:
        return
    last = products[0]
    found = next_for(session, last, {product.id for product in products} | ordered(session, customer_id))
    if found is not None:
        new = found.product
        yield Subject(found.kind, new.id, found.sku, new.name, last.name, new.category, (new.id,))
    yield Subject("thanks", last=last.name, category=last.category, scope=(last.category,))


def _asked(session: Session, product_id: str | None) -> Iterator[Subject]:
    product = session.get(ProductRow, product_id) if product_id else None
    sku = sellable(session, product.id) if product is not None else None
    if product is not None and sku:
        yield Subject("product", product.id, sku, product.name, category=product.category, scope=(product.id,))


def _wishes(session: Session, customer_id: str) -> Iterator[Subject]:
    for wish in wishes_back_in(session, customer_id):
        variant = session.get(VariantRow, wish.sku)
        product = session.get(ProductRow, variant.product_id)
        name = f"{product.name} {variant.label}".strip()
        yield Subject("wish", product.id, wish.sku, name, category=product.category, scope=(wish.sku,))


def _unpaid(session: Session, customer_id: str) -> Iterator[Subject]:
    """The unpaid order that ends next, if that is soon."""
    soon = now() + timedelta(hours=get_settings().operations.customers.abandoned_hours)
    rows = select(OrderRow).where(OrderRow.customer_id == customer_id, OrderRow.status == "pending_payment")
    rows = rows.where(OrderRow.pay_before > now(), OrderRow.pay_before <= soon).order_by(OrderRow.pay_before)
    for order in session.scalars(rows):
        lines = session.execute(
            select(ProductRow.name, VariantRow.label, OrderLineRow.quantity)
            .join(VariantRow, VariantRow.sku == OrderLineRow.sku)
            .join(ProductRow, ProductRow.id == VariantRow.product_id)
            .where(OrderLineRow.order_no == order.no)
            .order_by(OrderLineRow.sku)
        )
        yield Subject(
            "order", order_no=order.no, goods=tuple((n, label, q) for n, label, q in lines),
            amount_fen=order.amount_fen, pay_before=order.pay_before,
        )  # fmt: skip
