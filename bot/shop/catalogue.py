"""The catalogue as a frozen snapshot: products, variants, warehouses, cities, and the words for them."""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import select

from bot.db import reading
from bot.shop.errors import FeedError
from bot.shop.tables import (
    AttributeAliasRow,
    CatalogueStateRow,
    CityRow,
    ProductRow,
    VariantRow,
    WarehouseRow,
)
from bot.shop.views import Product, Term, Variant, Warehouse

RECHECK_SECONDS = 2.0
_PROVINCE = re.compile("(壮族|回族|维吾尔)?自治区$|特别行政区$|[省市]$")


@dataclass(frozen=True)
class Catalogue:
    """A snapshot of one `version`; `cities` maps a city's name to its province.

    `aliases` maps (attribute, other word) to the values meant: ("colour", "黑色") → {"午夜色"}.
    """

    version: int
    products: Mapping[str, Product]
    variants: Mapping[str, Variant]
    warehouses: Mapping[str, Warehouse]
    cities: Mapping[str, str]
    aliases: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def terms(self) -> list[Term]:
        """Every word for something of the catalogue, aliases included, without repetitions.

        An alias of several values, or one that is itself a value elsewhere (黑色), stands for itself: `narrow` finds
        what it means for a product.
        """
        found = dict.fromkeys(self._terms())
        return list(found)

    def _terms(self) -> Iterable[Term]:
        for product in self.products.values():
            for text in (product.name, *product.aliases):
                yield Term("product", text, product.id)
        values = {(name, value) for v in self.variants.values() for name, value in v.attributes.items()}
        for variant in self.variants.values():
            yield Term("sku", variant.sku, variant.sku)
            for name, value in variant.attributes.items():
                yield Term(name, value, value)
        for (name, alias), meant in self.aliases.items():
            known = [value for value in meant if (name, value) in values]
            if known:
                clear = len(known) == 1 and (name, alias) not in values
                yield Term(name, alias, known[0] if clear else alias)
        for warehouse in self.warehouses.values():
            for text in (warehouse.name, warehouse.name.removesuffix("库"), f"{warehouse.city}仓"):
                yield Term("warehouse", text, warehouse.id)
        for city in self.cities:
            yield Term("city", city, city)
            yield Term("city", f"{city}市", city)
        for province in self.provinces():
            if province not in self.cities:
                yield Term("province", province, province)

    def provinces(self) -> dict[str, str]:
        """Each province as people say it (新疆, 广东) → one of its cities, for there the same rules hold."""
        seats = [warehouse.city for warehouse in self.warehouses.values()]
        found: dict[str, str] = {}
        for city in [*seats, *self.cities]:
            if city in self.cities:
                found.setdefault(_PROVINCE.sub("", self.cities[city]), city)
        return found

    def narrow(self, product_id: str | None = None, **attributes: str | None) -> list[Variant]:
        """The variants of a product (None: of all) with the given attributes, as storage="256G"; None matches any.

        A value may be an alias (colour="黑色" finds 午夜色) where the product has no such value itself.
        """
        left = [v for v in self.variants.values() if product_id in (None, v.product.id)]
        for name, value in attributes.items():
            if value is None:
                continue
            exact = {v.product.id for v in left if v.attributes.get(name) == value}
            meant = self.aliases.get((name, value), frozenset())
            left = [
                v
                for v in left
                if v.attributes.get(name) == value or (v.product.id not in exact and v.attributes.get(name) in meant)
            ]
        return left


def load_catalogue(url: str) -> Catalogue:
    """Read the catalogue from the database.

    Raises:
        FeedError: the shop's tables were never filled.
    """
    version = catalogue_version(url)
    with reading(url) as session:
        products = {
            row.id: Product(
                row.id, row.name, row.brand, row.category, row.unit, row.image, row.description,
                dict(row.parameters), tuple(row.aliases),
            )
            for row in session.scalars(select(ProductRow).order_by(ProductRow.id))
        }  # fmt: skip
        variants = {
            row.sku: Variant(row.sku, products[row.product_id], row.label, dict(row.attributes))
            for row in session.scalars(select(VariantRow).order_by(VariantRow.product_id, VariantRow.position))
        }
        warehouses = {
            row.id: warehouse_view(row) for row in session.scalars(select(WarehouseRow).order_by(WarehouseRow.id))
        }
        cities = {row.name: row.province for row in session.scalars(select(CityRow).order_by(CityRow.name))}
        aliases: dict[tuple[str, str], frozenset[str]] = {}
        for row in session.scalars(select(AttributeAliasRow)):
            key = (row.attribute, row.alias)
            aliases[key] = aliases.get(key, frozenset()) | {row.value}
    return Catalogue(version, products, variants, warehouses, cities, aliases)


def warehouse_view(row: WarehouseRow) -> Warehouse:
    """The row as a value."""
    return Warehouse(row.id, row.name, row.city, row.cut_off, row.ship_by, tuple(row.working_days), tuple(row.regions))


def catalogue_version(url: str) -> int:
    """The catalogue's version, bumped by every import; cheap to poll."""
    with reading(url) as session:
        version = session.scalar(select(CatalogueStateRow.version))
    if version is None:
        raise FeedError("店铺数据库没有版本记录，请运行 make run 重新建库")
    return version


_snapshots: dict[str, tuple[float, Catalogue]] = {}
_lock = Lock()


def current_catalogue(url: str) -> Catalogue:
    """The catalogue of this process, re-read when its version changes (checked at most every 2 s)."""
    with _lock:
        checked, snapshot = _snapshots.get(url, (float("-inf"), None))
        if snapshot is not None and time.monotonic() - checked < RECHECK_SECONDS:
            return snapshot
        if snapshot is None or catalogue_version(url) != snapshot.version:
            snapshot = load_catalogue(url)
        _snapshots[url] = (time.monotonic(), snapshot)
        return snapshot
