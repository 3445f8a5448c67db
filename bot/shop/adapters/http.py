"""Inventory, orders, logistics and customers as HTTP services."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.shop.access import Access, check_access, plain_number
from bot.shop.adapters.http_api import HttpApi
from bot.shop.adapters.in_time import in_time
from bot.shop.errors import NotFound, SystemDown
from bot.shop.service_views import AddressChange, Cancellation, Coupon, Customer, ItemChange, SkuStock
from bot.shop.trade_views import Order, Parcel, PlacedOrder
from bot.shop.views import Availability


@dataclass(frozen=True)
class HttpInventory:
    """`Inventory` behind HTTP."""

    api: HttpApi

    async def availability(self, sku: str, city: str | None = None) -> Availability:
        found: Availability = await self.api.call("availability", path={"sku": sku}, query={"city": city})
        return found

    async def stock(self, skus: Sequence[str]) -> list[SkuStock]:
        if not skus:
            return []
        found: dict[str, SkuStock] = {one.sku: one for one in await self.api.call("stock", query={"sku": list(skus)})}
        return [found[sku] for sku in skus if sku in found]


@dataclass(frozen=True)
class HttpOrders:
    """`Orders` behind HTTP; whose an order is, is checked here as well, whatever the system answers."""

    api: HttpApi

    @in_time
    async def mine(self, access: Access, limit: int = 20) -> list[Order]:
        found: list[Order] = await self.api.call("mine", query={"limit": limit}, access=access)
        own = [order for order in found if access.may_use(order.no, order)]
        known = {order.no for order in own}
        for grant in access.grants:
            if grant.order_no not in known:
                try:
                    own.append(await self.find(access, grant.order_no))
                except NotFound:
                    continue
        return sorted(own, key=lambda order: order.created_at, reverse=True)[:limit]

    @in_time
    async def find(self, access: Access, no: str) -> Order:
        number = plain_number(no)
        order: Order = await self.api.call("find", path={"no": number}, access=access)
        if order.no != number:
            raise SystemDown(self.api.system, "答复的是另一个订单")
        check_access(access, number, order)
        return order

    async def phone_matches(self, no: str, last4: str) -> bool:
        answer = await self.api.call("phone_matches", path={"no": plain_number(no)}, body={"last4": last4})
        return bool(answer.matches)

    async def place(
        self, access: Access, *, sku: str, quantity: int, warehouse_id: str | None = None, city: str | None = None,
        coupon_id: str | None = None, key: str,
    ) -> PlacedOrder:  # fmt: skip
        wish = {
            "sku": sku, "quantity": quantity, "warehouse_id": warehouse_id, "city": city, "coupon_id": coupon_id
        }  # fmt: skip
        placed: PlacedOrder = await self.api.call("place", body=wish, access=access, key=key)
        return placed

    @in_time
    async def cancel(
        self, access: Access, no: str, *, reason: str = "", key: str, preview: bool = False
    ) -> Cancellation:
        order = await self.find(access, no)
        done: Cancellation = await self.api.call(
            "cancel", path={"no": order.no}, body={"reason": reason}, access=access, key=key, preview=preview
        )
        return done

    @in_time
    async def change_address(
        self, access: Access, no: str, *, city: str, address: str, key: str, preview: bool = False
    ) -> AddressChange:
        order = await self.find(access, no)
        body = {"city": city, "address": address}
        done: AddressChange = await self.api.call(
            "change_address", path={"no": order.no}, body=body, access=access, key=key, preview=preview
        )
        return done

    @in_time
    async def change_item(
        self, access: Access, no: str, *, sku: str, new_sku: str, quantity: int | None = None, key: str,
        preview: bool = False,
    ) -> ItemChange:  # fmt: skip
        order = await self.find(access, no)
        body = {"sku": sku, "new_sku": new_sku, "quantity": quantity}
        done: ItemChange = await self.api.call(
            "change_item", path={"no": order.no}, body=body, access=access, key=key, preview=preview
        )
        return done


@dataclass(frozen=True)
class HttpLogistics:
    """`Logistics` behind HTTP."""

    api: HttpApi

    async def parcels(self, order: Order) -> list[Parcel]:
        found: list[Parcel] = await self.api.call("parcels", path={"no": order.no})
        return [replace(p, traces=tuple(sorted(p.traces, key=lambda trace: trace.time))) for p in found]


@dataclass(frozen=True)
class HttpCrm:
    """`Crm` behind HTTP."""

    api: HttpApi

    async def identify(self, channel: str, account: str) -> Customer | None:
        try:
            found: Customer = await self.api.call("identify", query={"channel": channel, "account": account})
        except NotFound:
            return None
        return found

    async def coupons(self, access: Access) -> list[Coupon]:
        if access.customer_id is None:
            return []
        found: list[Coupon] = await self.api.call("coupons", access=access)
        return found

    async def claim_coupon(self, access: Access, promotion_id: str, *, key: str) -> Coupon:
        done: Coupon = await self.api.call("claim_coupon", body={"promotion_id": promotion_id}, access=access, key=key)
        return done
