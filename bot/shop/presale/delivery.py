"""Shipping of a basket: fee, carrier, when it leaves and when it arrives; and where goods come from."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.clock import local, now
from bot.db import reading
from bot.shop.catalogue import current_catalogue, warehouse_view
from bot.shop.errors import BadQuantity, UnknownSku, UnknownWarehouse
from bot.shop.offer_tables import OriginRow
from bot.shop.presale.carriage import fee_fen, goods_of, grams_of_lines, province_of, served
from bot.shop.presale.views import Origin, ShippingQuote
from bot.shop.price_table import current_prices
from bot.shop.shipping import plain_city, service_rank, ship_by
from bot.shop.stock import availability_in
from bot.shop.tables import WarehouseRow

USUAL_DAYS = (2, 4)  # where a warehouse has no rules of its own


def shipping_quote(
    url: str, lines: Mapping[str, int], city: str, *, goods_fen: int | None = None, warehouse_id: str | None = None
) -> ShippingQuote:
    """What shipping `lines` (sku → quantity) to `city` costs and how long it takes when ordered now.

    `goods_fen` is what the goods cost after offers (default: by their prices). From `warehouse_id`, else the warehouse
    that serves the city best and has the first line, else (sold out) simply the one that serves it best.

    Raises:
        UnknownSku, BadQuantity, UnknownWarehouse: the request is wrong.
        Refused: region_not_served.
    """
    if not lines or min(lines.values()) < 1:
        raise BadQuantity(min(lines.values(), default=0), 1)
    moment = now()
    with reading(url) as session:
        goods = goods_of(session, lines)
        prices = current_prices(session, lines, moment)
        for sku in lines:
            if sku not in goods or sku not in prices:
                raise UnknownSku(sku)
        row = session.get(WarehouseRow, warehouse_id or _source(session, next(iter(lines)), city))
        if row is None:
            raise UnknownWarehouse(str(warehouse_id))
        rule = served(session, row.id, city, [product.category for product in goods.values()])
        grams = grams_of_lines(goods, lines)
        province = province_of(session, city)
        warehouse = warehouse_view(row)
    paid = sum(prices[sku].price_fen * n for sku, n in lines.items()) if goods_fen is None else goods_fen
    leaves = ship_by(warehouse, moment)
    first, last = (rule.days_min, rule.days_max) if rule is not None else USUAL_DAYS
    threshold, carrier = (rule.free_over_fen, rule.carrier) if rule is not None else (0, "")
    return ShippingQuote(
        plain_city(city) or city, province or "", warehouse.id, warehouse.name, carrier,
        grams, fee_fen(rule, grams, paid), threshold, max(0, (threshold or 0) - paid), leaves,
        local(leaves).date() + timedelta(days=first), local(leaves).date() + timedelta(days=last),
    )  # fmt: skip


def origin_of(url: str, product_id: str) -> Origin | None:
    """What proves that a product is genuine; None when the shop has written nothing down.

    Raises:
        UnknownSku: no such product.
    """
    product = current_catalogue(url).products.get(product_id)
    if product is None:
        raise UnknownSku(product_id)
    with reading(url) as session:
        row = session.get(OriginRow, product_id)
    if row is None:
        return None
    valid = row.licence_until is None or row.licence_until >= local(now()).date()
    return Origin(product, row.source, row.licence, row.licence_until, valid, row.batch, row.inspection)


def _source(session: Session, sku: str, city: str) -> str:
    best = availability_in(session, sku, city).best
    if best is not None:
        return best.warehouse_id
    place, province = plain_city(city), province_of(session, city)
    warehouses = [warehouse_view(row) for row in session.query(WarehouseRow)]
    return min(warehouses, key=lambda w: (service_rank(w, place, province), w.id)).id
