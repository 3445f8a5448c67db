"""What can be sold, from where, and what else when not."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.clock import local, now
from bot.db import reading
from bot.shop.catalogue import current_catalogue, warehouse_view
from bot.shop.errors import UnknownSku
from bot.shop.price_table import current_prices
from bot.shop.shipping import best_first, plain_city, ship_by
from bot.shop.tables import CityRow, StockRow, VariantRow, WarehouseRow
from bot.shop.views import Alternative, Availability, Variant, WarehouseStock


def availability(url: str, sku: str, city: str | None = None) -> Availability:
    """Stock of `sku` by warehouse, best for `city` first.

    Raises:
        UnknownSku: no such sku.
    """
    with reading(url) as session:
        return availability_in(session, sku, city)


def availability_in(session: Session, sku: str, city: str | None = None) -> Availability:
    """`availability` inside a transaction."""
    if session.get(VariantRow, sku) is None:
        raise UnknownSku(sku)
    city = plain_city(city)
    province = session.scalar(select(CityRow.province).where(CityRow.name == city)) if city else None
    moment = now()
    options, restock = [], []
    rows = select(StockRow, WarehouseRow).join(WarehouseRow, WarehouseRow.id == StockRow.warehouse_id)
    for stock, row in session.execute(rows.where(StockRow.sku == sku)):
        warehouse, available = warehouse_view(row), stock.on_hand - stock.reserved
        if available > 0:
            leaves = ship_by(warehouse, moment)
            option = WarehouseStock(warehouse.id, warehouse.name, warehouse.city, available, leaves)
            options.append((warehouse, option))
        if stock.restock_date and stock.restock_date >= local(moment).date():
            restock.append(stock.restock_date)
    return Availability(sku, best_first(options, city, province), min(restock, default=None))


class Units(NamedTuple):
    """What can be sold of a variant: in all warehouses together, and from the one that has most."""

    total: int
    most: int


def units_of(url: str, skus: Iterable[str]) -> dict[str, Units]:
    """`Units` by sku in one look; zeros where there is no stock row."""
    wanted, free = list(skus), StockRow.on_hand - StockRow.reserved
    rows = select(StockRow.sku, func.sum(free), func.max(free)).where(StockRow.sku.in_(wanted)).group_by(StockRow.sku)
    with reading(url) as session:
        found = {sku: Units(int(total), int(most)) for sku, total, most in session.execute(rows)}
    return {sku: found.get(sku, Units(0, 0)) for sku in wanted}


def available_units(session: Session, skus: Iterable[str]) -> dict[str, int]:
    """Units available in all warehouses by sku; 0 where there is no stock row."""
    wanted = list(skus)
    units = select(StockRow.sku, func.sum(StockRow.on_hand - StockRow.reserved)).group_by(StockRow.sku)
    found = {sku: int(total) for sku, total in session.execute(units.where(StockRow.sku.in_(wanted)))}
    return {sku: found.get(sku, 0) for sku in wanted}


def nearest_variants(url: str, sku: str, limit: int = 3) -> list[Alternative]:
    """Variants of the same product that are in stock, nearest attributes first, then nearest price.

    Raises:
        UnknownSku: no such sku.
    """
    catalogue = current_catalogue(url)
    if sku not in catalogue.variants:
        raise UnknownSku(sku)
    wanted = catalogue.variants[sku]
    family = catalogue.narrow(wanted.product.id)
    siblings = [v for v in family if v.sku != sku]
    with reading(url) as session:
        units = available_units(session, [v.sku for v in siblings])
        prices = current_prices(session, [sku, *units])
    found = [
        Alternative(v, units[v.sku], prices[v.sku].price_fen) for v in siblings if units[v.sku] and v.sku in prices
    ]
    price = prices[sku].price_fen if sku in prices else 0
    order = _value_order(family)
    found.sort(key=lambda a: (_distance(wanted, a.variant, order), abs(a.price_fen - price)))
    return found[:limit]


def _value_order(variants: list[Variant]) -> dict[str, list[str]]:
    """The values of each attribute in the feed's order: size → S, M, L."""
    order: dict[str, list[str]] = {}
    for variant in variants:
        for name, value in variant.attributes.items():
            values = order.setdefault(name, [])
            if value not in values:
                values.append(value)
    return order


def _distance(one: Variant, other: Variant, order: dict[str, list[str]]) -> int:
    # Another colour fits as well; another size, storage or contents is further off the more steps lie between.
    total = 0
    for name, values in order.items():
        mine, theirs = one.attributes.get(name), other.attributes.get(name)
        if mine == theirs:
            continue
        if name == "colour" or mine is None or theirs is None:
            total += 1
        else:
            total += 1 + abs(values.index(mine) - values.index(theirs))
    return total
