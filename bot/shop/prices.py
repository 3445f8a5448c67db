"""Prices, instalments and product cards."""

from bot.shop.views import Card, Price


def price_of(url: str, sku: str) -> Price:
    """The price of one unit now, with its history.

    Raises:
        UnknownSku: no such sku, or it has no price yet.
    """
    raise NotImplementedError


def interest_free_periods(url: str, sku: str, quantity: int = 1) -> int | None:
    """The most interest-free periods offered for `quantity` units of `sku` now, or None."""
    raise NotImplementedError


def product_card(url: str, product_id_or_sku: str) -> Card:
    """For the web card: sku, product_id, title, image (path on the web server), price and stock_text, stock (units)."""
    raise NotImplementedError
