"""To a person: ends whatever flow is active and keeps what it collected for the agent."""

from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.flow import Events, abandon
from actions.phrases import phrase
from actions.presale import wish_of
from actions.turn import UNCLEAR, Turn
from bot.settings import get_settings
from bot.shop import current_catalogue


class HandOver(Action):
    """Leaves in the slot `handover` what a person should know.

    reason (intent), flow (form or None), text, collected (name → value), unclear (texts that were not understood),
    emotion and its score.
    """

    def __init__(self, unclear: Sequence[str] = ()) -> None:
        """`unclear`: what was not understood, where that is the reason."""
        self._unclear = list(unclear)

    def name(self) -> str:
        return "action_hand_over"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn(tracker)
        collected = _collected(tracker)
        items = _in_words(collected)
        dispatcher.utter_message(
            response=_response(turn, bool(self._unclear)),
            collected=phrase("utter_part_collected", items="；".join(items)) if items else "",
        )
        note = {
            "reason": UNCLEAR if self._unclear else turn.intent,
            "flow": tracker.active_loop_name,
            "text": turn.text,
            "collected": collected,
            "unclear": [text for text in self._unclear if text.strip()],
            "emotion": tracker.get_slot("emotion"),
            "emotion_score": tracker.get_slot("emotion_score"),
        }
        return [*abandon(tracker), SlotSet("handover", note)]


def _response(turn: Turn, unclear: bool) -> str:
    if unclear:
        return "utter_unclear_handed_over"
    complains = turn.tracker.get_slot("base_intent") == "complaint" or turn.intent.startswith("complain_")
    return "utter_complaint" if complains else "utter_request_human"


def _collected(tracker: Tracker) -> dict[str, Any]:
    wish = wish_of(tracker)
    numbers = [e.get("value") for e in Turn(tracker).entities if e.get("entity") == "order_number"]
    number = next((value for value in numbers if isinstance(value, str)), None)
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
