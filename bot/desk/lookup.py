"""Goods that an agent's draft names, with price, stock by warehouse and parameters, from the shop as it is now."""

import unicodedata
from typing import Any

from bot.shop import Catalogue, ShopError, availability, current_catalogue, format_fen, price_of

MOST = 3  # goods shown beside the input
_LONGEST = 2000  # characters looked at


def products_in(shop_url: str, text: str) -> list[dict[str, Any]]:
    """The goods that `text` names, in its order; of a product with variants, those whose attributes it names too.

    Each: sku, title, price, stock ([{warehouse, available}]), parameters, image.
    """
    catalogue = current_catalogue(shop_url)
    found = []
    for product, attributes in named(catalogue, text):
        variants = catalogue.narrow(product, **attributes) or catalogue.narrow(product)
        found += [_facts(shop_url, catalogue, variant.sku) for variant in variants[:MOST]]
    return [facts for facts in found if facts is not None][:MOST]


def named(catalogue: Catalogue, text: str) -> list[tuple[str, dict[str, str]]]:
    """(product id, attributes) that `text` names; the longest words win, a word counts once."""
    rest = _fold(text)
    products: dict[str, int] = {}
    attributes: dict[str, str] = {}
    for label, word, value in _words(catalogue):
        place = rest.find(word)
        if place < 0:
            continue
        rest = rest[:place] + "\0" * len(word) + rest[place + len(word) :]
        if label == "product":
            products.setdefault(value, place)
        elif label == "sku":
            products.setdefault(catalogue.variants[value].product.id, place)
            attributes |= dict(catalogue.variants[value].attributes)
        else:
            attributes.setdefault(label, value)
    return [(product, attributes) for product in sorted(products, key=lambda each: products[each])]


_cached: tuple[int, tuple[tuple[str, str, str], ...]] = (-1, ())


def _words(catalogue: Catalogue) -> tuple[tuple[str, str, str], ...]:
    """(label, word, value), longest words first; made anew when the catalogue has a new version."""
    global _cached
    if _cached[0] != catalogue.version:
        _cached = (catalogue.version, _sorted_words(catalogue))
    return _cached[1]


def _sorted_words(catalogue: Catalogue) -> tuple[tuple[str, str, str], ...]:
    skipped = {"city", "province", "warehouse"}
    words = {(t.label, _fold(t.text), t.value) for t in catalogue.terms() if t.label not in skipped}
    return tuple(sorted((w for w in words if len(w[1]) > 1), key=lambda w: (-len(w[1]), w)))


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text[:_LONGEST]).lower().split())


def _facts(shop_url: str, catalogue: Catalogue, sku: str) -> dict[str, Any] | None:
    variant = catalogue.variants[sku]
    try:
        price, stock = price_of(shop_url, sku), availability(shop_url, sku)
    except ShopError:  # without a price it is not for sale
        return None
    return {
        "sku": sku,
        "title": variant.title,
        "price": format_fen(price.price_fen),
        "stock": [{"warehouse": o.warehouse_name, "available": o.available} for o in stock.options],
        "parameters": dict(variant.product.parameters),
        "image": f"/images/{variant.product.image}",
    }
