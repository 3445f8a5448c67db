"""The shop's systems as the rest of the suite sees them; the shop's own database or its HTTP services stand behind.

Every call answers within three seconds or raises SystemDown. A rule that says no raises Refused, a thing that does not
exist or belongs to another account NotFound. Calls that change something take an idempotency `key`: the same key of an
account acts once and answers the same again. With `preview=True` they check the rules and tell the figures, for the
question before the change, and write nothing.
"""

from collections.abc import Sequence
from typing import Protocol

from bot.shop.access import Access
from bot.shop.service_views import (
    AddressChange,
    Cancellation,
    Coupon,
    Customer,
    Invoice,
    ItemChange,
    Photo,
    Protection,
    Refund,
    SkuStock,
    Ticket,
    Warranty,
)
from bot.shop.trade_views import Order, Parcel, PlacedOrder
from bot.shop.views import Availability


class Inventory(Protocol):
    """What is in stock and where."""

    async def availability(self, sku: str, city: str | None = None) -> Availability:
        """Stock of `sku` by warehouse, best for `city` first. Raises UnknownSku."""
        ...

    async def stock(self, skus: Sequence[str]) -> list[SkuStock]:
        """Units and price of each known sku, in the order asked."""
        ...


class Orders(Protocol):
    """Orders: to see, to place, to change while that is possible."""

    async def mine(self, access: Access, limit: int = 20) -> list[Order]:
        """The account's orders, newest first, and those it proved to own."""
        ...

    async def find(self, access: Access, no: str) -> Order:
        """One order."""
        ...

    async def phone_matches(self, no: str, last4: str) -> bool:
        """Whether the order exists and its phone ends in `last4`; only for `verify_owner`, which counts the tries."""
        ...

    async def place(
        self,
        access: Access,
        *,
        sku: str,
        quantity: int,
        warehouse_id: str | None = None,
        city: str | None = None,
        coupon_id: str | None = None,
        key: str,
    ) -> PlacedOrder:
        """Place an order. Raises OutOfStock, UnknownSku, BadQuantity; Refused (coupon_…)."""
        ...

    async def cancel(
        self, access: Access, no: str, *, reason: str = "", key: str, preview: bool = False
    ) -> Cancellation:
        """Cancel before shipping; after it, ask the carrier to bring the parcel back."""
        ...

    async def change_address(
        self, access: Access, no: str, *, city: str, address: str, key: str, preview: bool = False
    ) -> AddressChange:
        """Another address, before shipping, where the shop delivers; `address` without the city."""
        ...

    async def change_item(
        self,
        access: Access,
        no: str,
        *,
        sku: str,
        new_sku: str,
        quantity: int | None = None,
        key: str,
        preview: bool = False,
    ) -> ItemChange:
        """Another variant of the same product or another quantity, before shipping."""
        ...


class Logistics(Protocol):
    """Parcels on their way; an order in hand is proof that the account may see it."""

    async def parcels(self, order: Order) -> list[Parcel]:
        """The order's parcels with their traces, oldest step first."""
        ...


class Crm(Protocol):
    """Customers and what belongs to them."""

    async def identify(self, channel: str, account: str) -> Customer | None:
        """The customer of an account; None for a guest."""
        ...

    async def coupons(self, access: Access) -> list[Coupon]:
        """The customer's unused coupons, then those still to be claimed; a guest has none."""
        ...

    async def claim_coupon(self, access: Access, promotion_id: str, *, key: str) -> Coupon:
        """Take a coupon, one per customer."""
        ...


class AfterSale(Protocol):
    """What follows a purchase: tickets, refunds, invoices, price protection, warranty."""

    async def request_return(
        self,
        access: Access,
        no: str,
        *,
        sku: str,
        quantity: int = 1,
        reason: str = "no_reason",
        opened: bool = False,
        note: str = "",
        key: str,
        preview: bool = False,
    ) -> Ticket:
        """Send goods back for a refund; `reason` is a key of REASONS, `opened` whether the seal is broken."""
        ...

    async def request_exchange(
        self,
        access: Access,
        no: str,
        *,
        sku: str,
        new_sku: str,
        quantity: int = 1,
        reason: str = "other",
        note: str = "",
        key: str,
        preview: bool = False,
    ) -> Ticket:
        """Swap for the same or another variant of the product, kept aside in stock."""
        ...

    async def request_repair(
        self, access: Access, no: str, *, sku: str, note: str = "", key: str, preview: bool = False
    ) -> Ticket:
        """Repair under warranty."""
        ...

    async def report_problem(
        self, access: Access, no: str, *, sku: str, reason: str, note: str = "", key: str, preview: bool = False
    ) -> Ticket:
        """Wrong, missing, damaged or faulty goods; photos follow with `add_photo`."""
        ...

    async def urge(self, access: Access, no: str, *, key: str, preview: bool = False) -> Ticket:
        """Push an order: a task with a promise time (`promised_at`)."""
        ...

    async def open_ticket(
        self, access: Access, *, kind: str, note: str, order_no: str | None = None, phone: str | None = None, key: str
    ) -> Ticket:
        """A complaint, a suggestion or a call-back (with `phone`), with or without an order."""
        ...

    async def withdraw(self, access: Access, ticket_no: str, *, key: str, preview: bool = False) -> Ticket:
        """Take a ticket back while nothing has been sent."""
        ...

    async def add_photo(self, access: Access, ticket_no: str, content: bytes) -> Photo:
        """Store a JPEG, PNG or WebP picture with a ticket; the same picture twice is stored once."""
        ...

    async def tickets(self, access: Access, order_no: str | None = None) -> list[Ticket]:
        """The account's tickets, newest first; with `order_no`, those of that order."""
        ...

    async def ticket(self, access: Access, ticket_no: str) -> Ticket:
        """One ticket with its history."""
        ...

    async def refunds(self, access: Access, order_no: str) -> list[Refund]:
        """The order's refunds with their stages, newest first."""
        ...

    async def protect_price(self, access: Access, no: str, *, key: str, preview: bool = False) -> Protection:
        """Pay the difference when the price fell inside the window, once for each line."""
        ...

    async def request_invoice(
        self,
        access: Access,
        no: str,
        *,
        kind: str,
        title: str,
        tax_no: str | None = None,
        email: str | None = None,
        key: str,
        preview: bool = False,
    ) -> Invoice:
        """An invoice, one of each kind for a paid order."""
        ...

    async def change_invoice(
        self, access: Access, invoice_no: str, *, title: str, tax_no: str | None = None, key: str, preview: bool = False
    ) -> Invoice:
        """Another title while the invoice has not been issued."""
        ...

    async def invoices(self, access: Access, order_no: str) -> list[Invoice]:
        """The order's invoices, newest first."""
        ...

    async def warranty(self, access: Access, no: str, sku: str) -> Warranty:
        """How long the shop repairs free of charge."""
        ...
