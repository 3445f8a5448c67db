"""Buttons and product cards of a reply; every text in them is the catalogue's or a piece of domain.yml."""

import difflib
import json
from collections.abc import Iterable
from typing import Any

from actions.answers import plain
from actions.phrases import phrase
from actions.wish import Wish, open_attribute
from actions.words import category_in
from bot.shop import Card, Catalogue, Product, UnknownSku, Variant, product_card, units_of

Button = dict[str, str]
SHOWN = 4  # more choices than a phone's screen holds are not read


def inform(title: str, **entities: str) -> Button:
    """A button that tells the bot `entities`."""
    return {"title": title, "payload": f"/inform{json.dumps(entities, ensure_ascii=False)}"}


def product_buttons(products: Iterable[Product]) -> list[Button]:
    """One button a product."""
    return [inform(product.name, product=product.id) for product in products]


def variant_buttons(wish: Wish, catalogue: Catalogue, url: str) -> list[Button]:
    """The values of the next open attribute, or the variants themselves; those out of stock say so."""
    variants = catalogue.narrow(wish.product, **wish.attributes)
    name = open_attribute(wish, catalogue)
    by_title: dict[str, list[Variant]] = {}
    for variant in variants:
        title = variant.attributes.get(name) if name else variant.label
        by_title.setdefault(title or variant.title, []).append(variant)
    buttons = []
    stock = units_of(url, [variant.sku for variant in variants])
    for title, group in by_title.items():
        in_stock = any(stock[v.sku].total for v in group)
        shown = title if in_stock else phrase("utter_part_without_stock", title=title)
        value = {name: title} if name and name in group[0].attributes else {"sku": group[0].sku}
        buttons.append(inform(shown, **value))
    return buttons


def cards(url: str, ids: Iterable[str]) -> dict[str, Any] | None:
    """The web widget's cards of products or skus; None when there is nothing to show."""
    shown = []
    for identity in ids:
        try:
            card = product_card(url, identity)
        except UnknownSku:
            continue  # without a price yet: nothing to sell
        shown.append(pressable(card, identity))
    return {"type": "product_cards", "cards": shown} if shown else None


def pressable(card: Card, identity: str) -> Card:
    """The card with the payload that tells the product or sku `identity` it was made for."""
    entity = {"sku": identity} if identity == card["sku"] else {"product": card["product_id"]}
    return {**card, "payload": inform("", **entity)["payload"]}


def nearest_products(text: str, catalogue: Catalogue) -> list[Product]:
    """The products whose names or aliases look most like `text`."""
    names = {plain(name): p for p in catalogue.products.values() for name in (*p.aliases, p.name)}
    found = difflib.get_close_matches(plain(text), names, n=2 * SHOWN, cutoff=0.3)
    return list({names[name].id: names[name] for name in found}.values())[:SHOWN]


def suggestions(catalogue: Catalogue, url: str, text: str = "", attributes: dict[str, str] | None = None) -> list[str]:
    """Product ids worth showing to someone who named none: of the category in `text`, else one of each category."""
    fitting = {v.product.id: v.product for v in catalogue.narrow(None, **(attributes or {}))}
    category = category_in(text, {p.category for p in fitting.values()}) if text else None
    products = [p for p in fitting.values() if p.category == category]
    if not products and attributes:
        products = list(fitting.values())
    if not products:
        products = list({p.category: p for p in reversed(list(catalogue.products.values()))}.values())[::-1]
    skus = {p.id: [v.sku for v in catalogue.narrow(p.id)] for p in products}
    stock = units_of(url, [sku for group in skus.values() for sku in group])
    return [p.id for p in products if any(stock[sku].total for sku in skus[p.id])][:SHOWN]
