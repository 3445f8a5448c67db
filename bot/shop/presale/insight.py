"""A price with its history, two products side by side, and what a product page says."""

import re
from datetime import datetime, timedelta
from functools import lru_cache

from bot.clock import now
from bot.db import reading
from bot.settings import ROOT, SettingsError, read_yaml
from bot.shop.catalogue import Catalogue, current_catalogue
from bot.shop.errors import UnknownSku
from bot.shop.presale.views import Compared, Comparison, PriceChange, PriceInsight, ProductFacts
from bot.shop.price_table import current_prices
from bot.shop.prices import interest_free_periods, price_of
from bot.shop.stock import available_units
from bot.shop.views import Price, Variant

WORDS = ROOT / "data" / "shop" / "parameter_words.yml"


def price_insight(url: str, sku: str) -> PriceInsight:
    """The price of `sku` with its lows and its latest change.

    Raises:
        UnknownSku: no such sku, or it has no price yet.
    """
    price = price_of(url, sku)
    moment = now()
    points = price.history  # newest first
    change = PriceChange(points[1].price_fen, points[0].price_fen, points[0].valid_from) if len(points) > 1 else None
    if change is not None and change.before_fen == change.after_fen:
        change = None
    return PriceInsight(
        price, lowest_since(price, moment - timedelta(days=30)), lowest_since(price, moment - timedelta(days=90)),
        change, price.market_fen - price.price_fen,
    )  # fmt: skip


def lowest_since(price: Price, since: datetime) -> int:
    """The lowest price in force at any time from `since` on; the one that already was in force then counts."""
    lowest = price.price_fen
    for point in price.history:
        lowest = min(lowest, point.price_fen)
        if point.valid_from <= since:
            break
    return lowest


def compare(url: str, left: str, right: str) -> Comparison:
    """Two products or variants (product id or sku): price beside market price, and the parameters that differ.

    Raises:
        UnknownSku: one of them is not for sale.
    """
    one, other = _side(url, left), _side(url, right)
    mine, theirs = one.product.parameters, other.product.parameters
    names = dict.fromkeys([*mine, *theirs])
    rows = tuple((n, mine.get(n, ""), theirs.get(n, "")) for n in names if mine.get(n) != theirs.get(n))
    return Comparison(one, other, rows)


def product_facts(url: str, product_id: str, question: str = "") -> ProductFacts:
    """What the page of a product says to a question; everything when the question names nothing on it.

    Raises:
        UnknownSku: no such product.
    """
    catalogue = current_catalogue(url)
    if product_id not in catalogue.products:
        raise UnknownSku(product_id)
    product = catalogue.products[product_id]
    asked = {name for word, names in _meant().items() if word in question for name in names}
    asked |= {name for name in product.parameters if name in question}
    words = set(re.findall(r"[A-Za-z0-9]{2,}", question.lower()))
    asked |= {name for name, value in product.parameters.items() if any(word in value.lower() for word in words)}
    found = {name: value for name, value in product.parameters.items() if name in asked}
    labels = tuple(variant.label for variant in catalogue.narrow(product_id))
    return ProductFacts(product, found or dict(product.parameters), labels)


@lru_cache(maxsize=1)
def _meant() -> dict[str, list[str]]:
    """Words in questions for what product pages call otherwise: data/shop/parameter_words.yml."""
    content = read_yaml(WORDS) or {}
    if not isinstance(content, dict) or not all(isinstance(names, list) for names in content.values()):
        raise SettingsError(f"{WORDS.name} 应写成“问法: [参数名, 参数名]”")
    return {str(word): [str(name) for name in names] for word, names in content.items()}


def _side(url: str, key: str) -> Compared:
    catalogue = current_catalogue(url)
    variants = _variants(catalogue, key)
    with reading(url) as session:
        units = available_units(session, [v.sku for v in variants])
        prices = current_prices(session, units)
    priced = [v for v in variants if v.sku in prices]
    if not priced:
        raise UnknownSku(key)
    shown = min(priced, key=lambda v: (units[v.sku] == 0, prices[v.sku].price_fen))
    price = prices[shown.sku]
    periods = interest_free_periods(url, shown.sku)
    return Compared(shown.product, shown, price.price_fen, price.market_fen, sum(units.values()), periods)


def _variants(catalogue: Catalogue, key: str) -> list[Variant]:
    if key in catalogue.variants:
        return [catalogue.variants[key]]
    return catalogue.narrow(key) if key in catalogue.products else []
