"""What the shop tells other rooms: plain frozen values, cut loose from the database."""

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

    `label` is product, city, warehouse, sku or an attribute's name (colour, storage, size, spec); `text` what a
    customer may write; `value` the normalised value: product id, attribute value, city name, warehouse id or sku.
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


@dataclass(frozen=True)
class PlacedOrder:
    """A new order awaiting payment; times in UTC. `amount_fen` is what the customer pays, the discount taken off."""

    no: str
    sku: str
    quantity: int
    amount_fen: int
    warehouse: Warehouse
    ship_by: datetime
    pay_before: datetime
    discount_fen: int = 0


@dataclass(frozen=True)
class OrderLine:
    """`price_fen` is the price of one unit when it was ordered."""

    sku: str
    product_id: str
    name: str
    label: str
    unit: str
    quantity: int
    price_fen: int


@dataclass(frozen=True)
class Trace:
    """One step of a parcel's way; `time` in UTC."""

    time: datetime
    text: str


@dataclass(frozen=True)
class Parcel:
    """`status` is waiting, in_transit, delivering, delivered or exception; traces oldest first."""

    no: str
    carrier: str
    status: str
    traces: tuple[Trace, ...] = ()


@dataclass(frozen=True)
class Order:
    """An order with lines and parcels; times in UTC. `status` is one of `bot.shop.ORDER_STATUSES`."""

    no: str
    customer_id: str | None
    channel: str
    account: str
    status: str
    amount_fen: int
    discount_fen: int
    created_at: datetime
    pay_before: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    warehouse_id: str
    warehouse_name: str
    address: str | None
    lines: tuple[OrderLine, ...] = ()
    parcels: tuple[Parcel, ...] = ()

    @property
    def status_text(self) -> str:
        """The status in Chinese, as 待发货."""
        return ORDER_STATUSES[self.status]


ORDER_STATUSES: dict[str, str] = {
    "pending_payment": "待付款",
    "paid": "待发货",
    "shipped": "运输中",
    "delivered": "已签收",
    "completed": "已完成",
    "cancelled": "已取消",
    "refunding": "退款中",
    "refunded": "已退款",
}

Card = dict[str, Any]
