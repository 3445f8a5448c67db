"""Reading prices and promotions that are in force at a moment."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clock import now
from bot.shop.tables import PriceRow, ProductRow, PromotionRow, VariantRow
from bot.shop.views import Price, PricePoint


def current_prices(session: Session, skus: Iterable[str], moment: datetime | None = None) -> dict[str, Price]:
    """The price of each sku at `moment` (default: now), with history; a sku without one is left out."""
    rows = select(PriceRow).where(PriceRow.sku.in_(list(skus)), PriceRow.valid_from <= (moment or now()))
    history: dict[str, list[PriceRow]] = {}
    for row in session.scalars(rows.order_by(PriceRow.valid_from.desc())):
        history.setdefault(row.sku, []).append(row)
    return {
        sku: Price(
            sku,
            points[0].price_fen,
            points[0].list_fen,
            points[0].market_fen,
            points[0].valid_from,
            tuple(PricePoint(p.price_fen, p.valid_from) for p in points),
        )
        for sku, points in history.items()
    }


def promotions_for(session: Session, sku: str, kind: str, moment: datetime | None = None) -> list[PromotionRow]:
    """The promotions of `kind` in force for `sku`: named by sku, by product, by category, or for the whole shop."""
    moment = moment or now()
    names = select(VariantRow.product_id, ProductRow.category).join(ProductRow, ProductRow.id == VariantRow.product_id)
    found = session.execute(names.where(VariantRow.sku == sku)).first()
    if found is None:
        return []
    product_id, category = found
    running = select(PromotionRow).where(
        PromotionRow.kind == kind, PromotionRow.starts_at <= moment, PromotionRow.ends_at > moment
    )
    return [
        row
        for row in session.scalars(running.order_by(PromotionRow.id))
        if not (row.skus or row.categories) or {sku, product_id} & set(row.skus) or category in row.categories
    ]
