"""What the customer wants so far, which variant that is, and the warehouse it would come from."""

from dataclasses import dataclass, field
from typing import Any

from rasa_sdk import Tracker

from bot.settings import get_settings
from bot.shop import Catalogue, Variant, WarehouseStock, availability, units_of
from bot.shop.adapters import systems

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
    variants = catalogue.narrow(wish.product, **wish.attributes)
    stock = units_of(url, [variant.sku for variant in variants])

    def rank(variant: Variant) -> tuple[bool, bool, bool]:
        units = stock[variant.sku].most
        return units >= wish.quantity, units > 0 and variant.attributes.get(COLOUR) == colour, units > few

    return max(variants, key=rank, default=None)


def source(wish: Wish, url: str) -> WarehouseStock | None:
    """Where the wished sku would come from by the shop's own tables: see `source_of`."""
    return _best_for(wish, availability(url, str(wish.sku), wish.city).options)


async def source_of(wish: Wish) -> WarehouseStock | None:
    """Where the wished sku would come from: the best warehouse that has the quantity, else the one with most units.

    Raises:
        SystemDown: inventory.
    """
    return _best_for(wish, (await systems().inventory.availability(str(wish.sku), wish.city)).options)


def _best_for(wish: Wish, options: list[WarehouseStock]) -> WarehouseStock | None:
    enough = next((option for option in options if option.available >= wish.quantity), None)
    return enough or max(options, key=lambda option: option.available, default=None)


def named_label(variant: Variant, attributes: dict[str, str]) -> str:
    """The variant as the customer named it: without a colour that nobody mentioned, unless there is nothing else."""
    named = {n: v for n, v in variant.attributes.items() if n != COLOUR or COLOUR in attributes}
    return " ".join(named.values()) or variant.label
