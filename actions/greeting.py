"""The welcome, in the words that an experiment or its winner has for the customer."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.phrases import domain as written
from actions.trials import variant_at

USUAL = "utter_greet"


class Greet(Action):
    """Says the welcome."""

    def name(self) -> str:
        return "action_greet"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        words = await variant_at("welcome", tracker)
        known = written().get("responses") or {}
        dispatcher.utter_message(response=words if words in known else USUAL)
        return []
