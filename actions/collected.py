"""What a conversation has collected, for the person who goes on with it."""

from typing import Any

from rasa_sdk import Tracker

from actions.phrases import phrase
from actions.turn import Turn
from actions.wishing import wish_of
from bot.settings import get_settings
from bot.shop import INVOICE_KINDS, REASONS, current_catalogue

# The slots of flows that a person should know, in the order of telling, each with its utter_part_collected_<slot>.
ANSWERS = (
    "change", "reason", "opened", "units", "new_city", "new_address", "new_sku", "invoice_kind", "invoice_title",
    "invoice_tax_no", "invoice_email", "photos", "ticket_number", "note",
)  # fmt: skip


def collected(tracker: Tracker) -> dict[str, Any]:
    """Name → value, without what is open or does not matter."""
    wish = wish_of(tracker)
    named = [e.get("value") for e in Turn(tracker).entities if e.get("entity") == "order_number"]
    number = next((value for value in named if isinstance(value, str)), None)
    number = number or tracker.get_slot("order_number") or tracker.get_slot("unproven_order")
    ordering = tracker.active_loop_name == "stock_form" and tracker.get_slot("quantity")
    values = {
        "sku": wish.sku,
        "product": wish.product,
        "quantity": wish.quantity if ordering else None,
        "city": wish.city,
        "order_number": number or tracker.get_slot("current_order"),
        "item": tracker.get_slot("item"),
        **{name: tracker.get_slot(name) for name in ANSWERS},
    }
    return {name: value for name, value in values.items() if value not in (None, "", 0)}


def in_words(known: dict[str, Any]) -> list[str]:
    """One short text an entry, in Chinese."""
    items = []
    goods = str(known.get("item") or known.get("sku"))
    catalogue = current_catalogue(get_settings().shop_url)
    if goods in catalogue.variants:
        items.append(phrase("utter_part_collected_goods", title=catalogue.variants[goods].title))
    elif known.get("product") in catalogue.products:
        items.append(phrase("utter_part_collected_goods", title=catalogue.products[known["product"]].name))
    for name in ("quantity", "city", "order_number", *ANSWERS):
        if name in known:
            items.append(phrase(f"utter_part_collected_{name}", value=_said(name, known[name])))
    return items


def _said(name: str, value: Any) -> str:
    if name == "new_sku":
        variant = current_catalogue(get_settings().shop_url).variants.get(str(value))
        return variant.label if variant else str(value)
    if name in ("change", "opened"):
        return phrase(f"utter_part_{name}_{value}")
    return {"reason": REASONS, "invoice_kind": INVOICE_KINDS}.get(name, {}).get(str(value), str(value))
