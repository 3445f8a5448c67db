"""Promotions that run now or are announced, for those who ask what is on."""

from datetime import timedelta

from sqlalchemy import select

from bot.clock import now
from bot.db import reading
from bot.shop.catalogue import current_catalogue
from bot.shop.errors import UnknownSku
from bot.shop.presale.carriage import goods_of
from bot.shop.presale.offers import in_scope
from bot.shop.presale.views import Campaign
from bot.shop.tables import PromotionRow

AHEAD = timedelta(days=30)  # what begins later is no news yet


def campaigns(url: str, product_id: str | None = None) -> list[Campaign]:
    """Running ones first, then those to come, soonest first; with `product_id` only those that count it.

    Coupons are the customer's own business: see `Crm.coupons`.

    Raises:
        UnknownSku: no such product.
    """
    moment = now()
    rows = select(PromotionRow).where(PromotionRow.ends_at > moment, PromotionRow.starts_at <= moment + AHEAD)
    catalogue = current_catalogue(url)
    if product_id is not None and product_id not in catalogue.products:
        raise UnknownSku(product_id)
    with reading(url) as session:
        goods = goods_of(session, [v.sku for v in catalogue.narrow(product_id)]) if product_id else None
        found = [
            Campaign(row.id, row.kind, row.name, row.starts_at, row.ends_at, row.starts_at <= moment)
            for row in session.scalars(rows.where(PromotionRow.kind != "coupon"))
            if goods is None or in_scope(row, goods)
        ]
    return sorted(found, key=lambda c: (not c.running, c.starts_at if not c.running else c.ends_at, c.id))
