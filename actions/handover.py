"""To a person: ends whatever flow is active and keeps what it collected for the agent."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.flow import Events, abandon
from actions.phrases import phrase
from actions.presale import wish_of
from actions.turn import Turn
from bot.settings import get_settings
from bot.shop import current_catalogue


class HandOver(Action):
    """Leaves in the slot `handover`: reason (intent), flow (form or None), text, and collected (name → value)."""

    def name(self) -> str:
        return "action_hand_over"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn(tracker)
        collected = _collected(tracker)
        items = _in_words(collected)
        dispatcher.utter_message(
            response="utter_complaint" if turn.intent.startswith("complain_") else "utter_request_human",
            collected=phrase("utter_part_collected", items="；".join(items)) if items else "",
        )
        note = {"reason": turn.intent, "flow": tracker.active_loop_name, "text": turn.text, "collected": collected}
        return [*abandon(tracker), SlotSet("handover", note)]


def _collected(tracker: Tracker) -> dict[str, Any]:
    wish = wish_of(tracker)
    number = next((v for v in tracker.get_latest_entity_values("order_number") if isinstance(v, str)), None)
    ordering = tracker.active_loop_name and tracker.get_slot("quantity")
    values = {
        "sku": wish.sku,
        "product": wish.product,
        "quantity": wish.quantity if ordering else None,
        "city": wish.city,
        "order_number": number,
    }
    return {name: value for name, value in values.items() if value is not None}


def _in_words(collected: dict[str, Any]) -> list[str]:
    catalogue = current_catalogue(get_settings().shop_url)
    items = []
    if "sku" in collected:
        items.append(phrase("utter_part_collected_goods", title=catalogue.variants[collected["sku"]].title))
    elif "product" in collected:
        items.append(phrase("utter_part_collected_goods", title=catalogue.products[collected["product"]].name))
    if "quantity" in collected:
        items.append(phrase("utter_part_collected_quantity", quantity=collected["quantity"]))
    if "city" in collected:
        items.append(phrase("utter_part_collected_city", city=collected["city"]))
    if "order_number" in collected:
        items.append(phrase("utter_part_collected_order", number=collected["order_number"]))
    return items
