"""What can be sold, from where, and what else when not."""

from datetime import datetime

from bot.shop.views import Alternative, Availability, Warehouse


def ship_by(warehouse: Warehouse, moment: datetime) -> datetime:
    """When an order placed at `moment` leaves the warehouse at the latest (UTC)."""
    raise NotImplementedError


def availability(url: str, sku: str, city: str | None = None) -> Availability:
    """Stock of `sku` by warehouse, best for `city` first.

    Raises:
        UnknownSku: no such sku.
    """
    raise NotImplementedError


def nearest_variants(url: str, sku: str, limit: int = 3) -> list[Alternative]:
    """Variants of the same product that are in stock, nearest attributes first."""
    raise NotImplementedError
