"""What the customer wants so far, and which variant that is."""

from dataclasses import dataclass, field, replace
from typing import Any

from rasa_sdk import Tracker

from actions.heard import Heard
from bot.settings import get_settings
from bot.shop import Catalogue, Variant, WarehouseStock, availability

COLOUR = "colour"
Notice = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """`attributes` are those the customer chose in words or by button; `sku` is the variant picked from them."""

    product: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    sku: str | None = None
    quantity: int = 1
    city: str | None = None

    @classmethod
    def of(cls, tracker: Tracker) -> "Wish":
        """The wish kept in the conversation's slots."""
        return cls(
            tracker.get_slot("product"),
            dict(tracker.get_slot("attributes") or {}),
            tracker.get_slot("sku"),
            int(tracker.get_slot("quantity") or 1),
            tracker.get_slot("city"),
        )

    def slots(self) -> dict[str, Any]:
        """The slots that hold it."""
        return {
            "product": self.product,
            "attributes": self.attributes or None,
            "sku": self.sku,
            "quantity": self.quantity,
            "city": self.city,
        }


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


def open_attribute(wish: Wish, catalogue: Catalogue) -> str | None:
    """The attribute to ask for next: the first besides colour on which the wished variants differ."""
    variants = catalogue.narrow(wish.product, **wish.attributes)
    names = dict.fromkeys(name for v in variants for name in v.attributes if name != COLOUR)
    return next((n for n in names if len({v.attributes.get(n) for v in variants}) > 1), None)


def pick(wish: Wish, catalogue: Catalogue, url: str, like: str | None = None) -> Variant | None:
    """The variant meant by `wish`, or None while more than its colour is open.

    An open colour becomes that of the sku `like` where it is in stock, else the first of the catalogue (the one that
    the shop puts forward) with more than a few units left.
    """
    if wish.product is None or open_attribute(wish, catalogue):
        return None
    liked = catalogue.variants.get(like or "")
    colour = liked.attributes.get(COLOUR) if liked else None
    few = get_settings().operations.orders.low_stock

    def rank(variant: Variant) -> tuple[bool, bool, bool]:
        units = max((o.available for o in availability(url, variant.sku, wish.city).options), default=0)
        return units >= wish.quantity, units > 0 and variant.attributes.get(COLOUR) == colour, units > few

    return max(catalogue.narrow(wish.product, **wish.attributes), key=rank, default=None)


def source(wish: Wish, url: str) -> WarehouseStock | None:
    """Where the wished sku would come from: the best warehouse that has the quantity, else the one with most units."""
    options = availability(url, str(wish.sku), wish.city).options
    enough = next((option for option in options if option.available >= wish.quantity), None)
    return enough or max(options, key=lambda option: option.available, default=None)


def named_label(variant: Variant, attributes: dict[str, str]) -> str:
    """The variant as the customer named it: without a colour that nobody mentioned, unless there is nothing else."""
    named = {n: v for n, v in variant.attributes.items() if n != COLOUR or COLOUR in attributes}
    return " ".join(named.values()) or variant.label
