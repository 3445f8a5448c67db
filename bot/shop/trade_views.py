"""What the shop tells other rooms of its trade: orders, parcels, as plain frozen values."""

from dataclasses import dataclass
from datetime import datetime

from bot.shop.views import Warehouse


@dataclass(frozen=True)
class PlacedOrder:
    """A new order awaiting payment; times in UTC.

    `amount_fen` is what the customer pays, the discount taken off and the shipping fee added.
    """

    no: str
    sku: str
    quantity: int
    amount_fen: int
    warehouse: Warehouse
    ship_by: datetime
    pay_before: datetime
    discount_fen: int = 0
    shipping_fen: int = 0


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
    """An order with lines and parcels; times in UTC. `status` is one of `bot.shop.ORDER_STATUSES`.

    `amount_fen` holds the shipping fee; `due_fen` of a paid order is still to be paid after a change.
    """

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
    city: str | None = None
    shipping_fen: int = 0
    due_fen: int = 0
    pay_method: str | None = None

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
