"""Inventory, orders, logistics and customers on the shop's own database."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.db import reading
from bot.shop import customers, order_views, orders, owner_check, stock
from bot.shop.access import Access
from bot.shop.adapters.running import answered
from bot.shop.aftersale.address import change_address
from bot.shop.aftersale.cancel import cancel
from bot.shop.aftersale.items import change_item
from bot.shop.price_table import current_prices
from bot.shop.service_views import AddressChange, Cancellation, Coupon, Customer, ItemChange, SkuStock
from bot.shop.trade_views import Order, Parcel, PlacedOrder
from bot.shop.views import Availability


@dataclass(frozen=True)
class LocalInventory:
    """`Inventory` on the database `url`."""

    url: str

    async def availability(self, sku: str, city: str | None = None) -> Availability:
        return await answered("inventory", stock.availability, self.url, sku, city)

    async def stock(self, skus: Sequence[str]) -> list[SkuStock]:
        return await answered("inventory", _stock, self.url, skus)


@dataclass(frozen=True)
class LocalOrders:
    """`Orders` on the database `url`."""

    url: str

    async def mine(self, access: Access, limit: int = 20) -> list[Order]:
        return await answered("orders", order_views.orders_for, self.url, access, limit)

    async def find(self, access: Access, no: str) -> Order:
        return await answered("orders", order_views.order_for, self.url, access, no)

    async def phone_matches(self, no: str, last4: str) -> bool:
        return await answered("orders", owner_check.phone_matches, self.url, no, last4)

    async def place(
        self, access: Access, *, sku: str, quantity: int, warehouse_id: str | None = None, city: str | None = None,
        coupon_id: str | None = None, key: str,
    ) -> PlacedOrder:  # fmt: skip
        return await answered(
            "orders", orders.place_order, self.url, channel=access.channel, account=access.account, sku=sku,
            quantity=quantity, warehouse_id=warehouse_id, city=city, coupon_id=coupon_id, idempotency_key=key,
        )  # fmt: skip

    async def cancel(
        self, access: Access, no: str, *, reason: str = "", key: str, preview: bool = False
    ) -> Cancellation:
        return await answered("orders", cancel, self.url, access, no, reason=reason, key=key, preview=preview)

    async def change_address(
        self, access: Access, no: str, *, city: str, address: str, key: str, preview: bool = False
    ) -> AddressChange:
        return await answered(
            "orders", change_address, self.url, access, no, city=city, address=address, key=key, preview=preview
        )

    async def change_item(
        self, access: Access, no: str, *, sku: str, new_sku: str, quantity: int | None = None, key: str,
        preview: bool = False,
    ) -> ItemChange:  # fmt: skip
        return await answered(
            "orders", change_item, self.url, access, no, sku=sku, new_sku=new_sku, quantity=quantity, key=key,
            preview=preview,
        )  # fmt: skip


@dataclass(frozen=True)
class LocalLogistics:
    """`Logistics` on the database `url`."""

    url: str

    async def parcels(self, order: Order) -> list[Parcel]:
        found = await answered("logistics", order_views.find_order, self.url, order.no)
        return list(found.parcels) if found else []


@dataclass(frozen=True)
class LocalCrm:
    """`Crm` on the database `url`."""

    url: str

    async def identify(self, channel: str, account: str) -> Customer | None:
        return await answered("crm", customers.identify, self.url, channel, account)

    async def coupons(self, access: Access) -> list[Coupon]:
        return await answered("crm", customers.coupons, self.url, access)

    async def claim_coupon(self, access: Access, promotion_id: str, *, key: str) -> Coupon:
        return await answered("crm", customers.claim_coupon, self.url, access, promotion_id, key=key)


def _stock(url: str, skus: Sequence[str]) -> list[SkuStock]:
    with reading(url) as session:
        units = stock.available_units(session, skus)
        prices = current_prices(session, skus)
    return [SkuStock(sku, units[sku], prices[sku].price_fen) for sku in skus if sku in prices]
