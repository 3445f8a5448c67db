"""What a customer bought last, and what has come out since that fits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clock import local, now
from bot.settings import get_settings
from bot.shop.price_table import current_prices
from bot.shop.segments.rfm import counted_orders
from bot.shop.stock import available_units
from bot.shop.tables import ProductRow, VariantRow
from bot.shop.trade_tables import OrderLineRow, OrderRow


@dataclass(frozen=True)
class Next:
    """A product worth telling of: the `successor` the shop named, or a `newer` one of the same category."""

    product: ProductRow
    kind: str
    sku: str


def bought(session: Session, customer_id: str) -> list[ProductRow]:
    """The products of the customer's counted orders, last paid first, the dearest line of an order first."""
    kept = counted_orders(OrderRow.customer_id == customer_id)
    rows = (
        select(ProductRow)
        .join(VariantRow, VariantRow.product_id == ProductRow.id)
        .join(OrderLineRow, OrderLineRow.sku == VariantRow.sku)
        .join(kept, kept.c.no == OrderLineRow.order_no)
        .order_by(kept.c.paid_at.desc(), (OrderLineRow.price_fen * OrderLineRow.quantity).desc(), OrderLineRow.sku)
    )
    return list(dict.fromkeys(session.scalars(rows)))


def ordered(session: Session, customer_id: str) -> set[str]:
    """The products of the customer's orders that stand, paid or not: nobody is offered what they have just ordered."""
    rows = (
        select(VariantRow.product_id)
        .join(OrderLineRow, OrderLineRow.sku == VariantRow.sku)
        .join(OrderRow, OrderRow.no == OrderLineRow.order_no)
        .where(OrderRow.customer_id == customer_id, OrderRow.status.notin_(("cancelled", "refunding", "refunded")))
    )
    return set(session.scalars(rows))


def next_for(session: Session, last: ProductRow, owned: Collection[str]) -> Next | None:
    """The latest successor of `last` in stock that the customer has not, else a newer product of its category."""
    found, product, seen = None, last, {last.id}
    while product.successor_id and product.successor_id not in seen:
        seen.add(product.successor_id)
        following = session.get(ProductRow, product.successor_id)
        if following is None:
            break
        product = following
        sku = sellable(session, product.id) if product.id not in owned else None
        found = Next(product, "successor", sku) if sku else found
    if found is not None:
        return found
    today = local(now()).date()
    since = today - timedelta(days=get_settings().operations.customers.new_days)
    rows = select(ProductRow).where(
        ProductRow.category == last.category, ProductRow.launched_on > since, ProductRow.launched_on <= today
    )
    for product in session.scalars(rows.order_by(ProductRow.launched_on.desc(), ProductRow.id)):
        older = last.launched_on is not None and product.launched_on <= last.launched_on
        sku = None if older or product.id in owned else sellable(session, product.id)
        if sku:
            return Next(product, "newer", sku)
    return None


def sellable(session: Session, product_id: str) -> str | None:
    """The product's cheapest variant that has stock and a price, or None."""
    skus = select(VariantRow.sku).where(VariantRow.product_id == product_id).order_by(VariantRow.position)
    units = available_units(session, session.scalars(skus).all())
    prices = current_prices(session, [sku for sku, left in units.items() if left > 0])
    return min(prices, key=lambda sku: prices[sku].price_fen, default=None)
