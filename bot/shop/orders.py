"""Placing and finding orders."""

from bot.shop.views import Order, PlacedOrder


def place_order(
    url: str,
    *,
    channel: str,
    account: str,
    sku: str,
    quantity: int,
    warehouse_id: str | None = None,
    city: str | None = None,
    idempotency_key: str,
) -> PlacedOrder:
    """Place an order and reserve its stock in one transaction; the same key of an account returns the same order.

    Raises:
        UnknownSku, UnknownWarehouse, BadQuantity, OutOfStock
    """
    raise NotImplementedError


def release_unpaid(url: str) -> int:
    """Cancel orders whose time to pay is over and give their stock back; returns how many."""
    raise NotImplementedError


def find_order(url: str, no: str) -> Order | None:
    """The order with the number `no`, or None."""
    raise NotImplementedError


def orders_of(url: str, channel: str, account: str, limit: int = 20) -> list[Order]:
    """The account's orders, newest first, with those of the same customer in other channels."""
    raise NotImplementedError
