"""What a message adds to the wish: the goods it names, those of the flow, of the question before, or of the page."""

from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker

from actions.heard import Heard, listen
from actions.turn import Turn
from actions.wish import COLOUR, Notice, Wish, pick
from actions.words import category_in
from bot.settings import get_settings
from bot.shop import Catalogue, current_catalogue

SEEN = "seen"  # the slot that holds the goods a conversation was about last, outside of flows


def wish_of(tracker: Tracker) -> Wish:
    """The goods a question is about: named in it, else those of the flow or of the question before, else the page's."""
    url = get_settings().shop_url
    catalogue = current_catalogue(url)
    heard = listen(Turn(tracker), catalogue)
    before = standing(tracker, heard)
    wish, _ = merge(before, heard, catalogue)
    if wish.sku is None:
        variant = pick(wish, catalogue, url, like=before.sku or heard.page_sku)
        wish = replace(wish, sku=variant.sku if variant else None)
    return wish


def standing(tracker: Tracker, heard: Heard) -> Wish:
    """What the message builds on: the flow's wish, else the goods talked about while the customer was on this page."""
    wish, seen = Wish.of(tracker), tracker.get_slot(SEEN) or {}
    if wish.product or wish.attributes or not seen or seen["page"] != _page(heard):
        return wish
    catalogue = current_catalogue(get_settings().shop_url)
    named = category_in(Turn(tracker).text, {product.category for product in catalogue.products.values()})
    if named and seen["product"] in catalogue.products and catalogue.products[seen["product"]].category != named:
        return wish  # goods of another kind, though the catalogue does not know their name
    return replace(wish, product=seen["product"], attributes=dict(seen["attributes"]), sku=seen["sku"])


def seen_goods(wish: Wish, heard: Heard) -> dict[str, Any] | None:
    """The value of the slot `seen` for goods that were just talked about."""
    goods = {"product": wish.product, "attributes": wish.attributes, "sku": wish.sku}
    return {**goods, "page": _page(heard)} if wish.product else None


def _page(heard: Heard) -> str | None:
    return heard.page_sku or heard.page_product


def merge(wish: Wish, heard: Heard, catalogue: Catalogue) -> tuple[Wish, Notice | None]:
    """`wish` after what was `heard`, with no sku where the goods changed, and what to tell the customer about it."""
    wish = replace(wish, quantity=heard.quantity or wish.quantity, city=heard.city or wish.city)
    if heard.unknown:
        return replace(wish, product=None, attributes={}, sku=None), {"kind": "unknown", "text": heard.unknown}
    if len(heard.products) > 1 and not heard.sku:
        return replace(wish, product=None, attributes={}, sku=None), {"kind": "several", "products": heard.products[:5]}
    if heard.sku:
        variant = catalogue.variants[heard.sku]
        return replace(wish, product=variant.product.id, attributes=dict(variant.attributes), sku=None), None
    product = next(iter(heard.products), None) or wish.product
    if not heard.products and not heard.attributes:
        if product is None and heard.page_product:
            return replace(wish, product=heard.page_product, attributes=page_choice(heard, catalogue)), None
        return wish, None
    if product is None and heard.page_product:
        product, wish = heard.page_product, replace(wish, attributes=page_choice(heard, catalogue))
    kept = wish.attributes if product == wish.product or not heard.products else {}
    attributes = {**kept, **heard.attributes}
    if product is None:
        return replace(wish, attributes=attributes, sku=None), None
    if not catalogue.narrow(product, **attributes):
        attributes = dict(heard.attributes)
    if not catalogue.narrow(product, **attributes):
        wanted = " ".join(heard.attributes.values())
        return replace(wish, product=product, attributes={}, sku=None), {"kind": "no_such_variant", "text": wanted}
    return replace(wish, product=product, attributes=attributes, sku=None), None


def page_choice(heard: Heard, catalogue: Catalogue) -> dict[str, str]:
    """The attributes that the customer's page stands for; its colour stays open, for it was not named."""
    if not heard.page_sku:
        return {}
    attributes = catalogue.variants[heard.page_sku].attributes
    return {name: value for name, value in attributes.items() if name != COLOUR}
