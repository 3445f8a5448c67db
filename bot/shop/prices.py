"""Prices, instalments and product cards."""

from bot.db import reading
from bot.settings import get_settings
from bot.shop.catalogue import current_catalogue
from bot.shop.errors import UnknownSku
from bot.shop.money import format_fen
from bot.shop.price_table import current_prices, promotions_for
from bot.shop.stock import available_units
from bot.shop.views import Card, Price, Variant


def price_of(url: str, sku: str) -> Price:
    """The price of one unit now, with its history.

    Raises:
        UnknownSku: no such sku, or it has no price yet.
    """
    with reading(url) as session:
        prices = current_prices(session, [sku])
    if sku not in prices:
        raise UnknownSku(sku)
    return prices[sku]


def interest_free_periods(url: str, sku: str, quantity: int = 1) -> int | None:
    """The most interest-free periods offered for `quantity` units of `sku` now, or None.

    Raises:
        UnknownSku: no such sku, or it has no price yet.
    """
    amount = price_of(url, sku).price_fen * quantity
    with reading(url) as session:
        rules = [row.rule for row in promotions_for(session, sku, "interest_free")]
    return max((rule["periods"] for rule in rules if amount >= rule["min_fen"]), default=None)


def product_card(url: str, product_id_or_sku: str) -> Card:
    """For the web card: sku, product_id, title, image (path on the web server), price, stock, stock_text.

    A product's card shows its cheapest variant in stock (the cheapest of all when sold out), its price as "… 起" where
    variants differ, and the units of all its variants.

    Raises:
        UnknownSku: no such product or sku, or it has no price yet.
    """
    catalogue = current_catalogue(url)
    if product_id_or_sku in catalogue.variants:
        variants = [catalogue.variants[product_id_or_sku]]
    elif product_id_or_sku in catalogue.products:
        variants = catalogue.narrow(product_id_or_sku)
    else:
        raise UnknownSku(product_id_or_sku)
    with reading(url) as session:
        units = available_units(session, [v.sku for v in variants])
        prices = current_prices(session, units)
    priced = [v for v in variants if v.sku in prices]
    if not priced:
        raise UnknownSku(product_id_or_sku)
    shown = min(priced, key=lambda v: (units[v.sku] == 0, prices[v.sku].price_fen))
    price = prices[shown.sku].price_fen
    differ = any(prices[v.sku].price_fen != price for v in priced)
    return {
        "sku": shown.sku,
        "product_id": shown.product.id,
        "title": shown.title if product_id_or_sku == shown.sku else shown.product.name,
        "image": f"/images/{shown.product.image}",
        "price": format_fen(price) + (" 起" if differ else ""),
        "stock": sum(units.values()),
        "stock_text": _stock_text(sum(units.values()), shown),
    }


def _stock_text(units: int, variant: Variant) -> str:
    if not units:
        return "暂时缺货"
    return f"仅剩 {units} {variant.unit}" if units <= get_settings().operations.orders.low_stock else "有货"
