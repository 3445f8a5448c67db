"""What the shop tells other rooms of its goods: plain frozen values, cut loose from the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Product:
    """One product; `image` is a file in data/shop/images, `parameters` as 保质期 → 12个月."""

    id: str
    name: str
    brand: str
    category: str
    unit: str
    image: str
    description: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variant:
    """One sellable unit; `label` as "256G 午夜色", `attributes` as {"storage": "256G", "colour": "午夜色"}."""

    sku: str
    product: Product
    label: str
    attributes: Mapping[str, str]

    @property
    def unit(self) -> str:
        """The measure word, as 台."""
        return self.product.unit

    @property
    def title(self) -> str:
        """Product and variant, as "iPhone 14 256G 午夜色"."""
        return f"{self.product.name} {self.label}".strip()


@dataclass(frozen=True)
class Warehouse:
    """`cut_off` and `ship_by` are local "HH:MM"; `working_days` are ISO weekdays; `regions` provinces or cities."""

    id: str
    name: str
    city: str
    cut_off: str
    ship_by: str
    working_days: tuple[int, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """One way to write something of the catalogue.

    `label` is product, city, province, warehouse, sku or an attribute's name (colour, storage, size, spec); `text` what
    a customer may write; `value` the normalised value: product id, attribute value, name of city or province,
    warehouse id or sku.
    """

    label: str
    text: str
    value: str


@dataclass(frozen=True)
class WarehouseStock:
    """What one warehouse can sell now; `ship_by` (UTC) is the promise for an order placed now."""

    warehouse_id: str
    warehouse_name: str
    city: str
    available: int
    ship_by: datetime


@dataclass(frozen=True)
class Availability:
    """`options` hold only warehouses with stock, the best one for the customer's city first."""

    sku: str
    options: list[WarehouseStock]
    restock_date: date | None = None

    @property
    def best(self) -> WarehouseStock | None:
        """The warehouse to sell from, or None when sold out everywhere."""
        return self.options[0] if self.options else None

    @property
    def total(self) -> int:
        """Units available in all warehouses."""
        return sum(option.available for option in self.options)


@dataclass(frozen=True)
class Alternative:
    """A variant to offer instead of a sold-out one."""

    variant: Variant
    available: int
    price_fen: int


@dataclass(frozen=True)
class PricePoint:
    """A price of the past or present, valid from a moment (UTC)."""

    price_fen: int
    valid_from: datetime


@dataclass(frozen=True)
class Price:
    """What a unit costs now; `list_fen` is the crossed-out price, `market_fen` what others ask; newest first."""

    sku: str
    price_fen: int
    list_fen: int
    market_fen: int
    valid_from: datetime
    history: tuple[PricePoint, ...] = ()


Card = dict[str, Any]
