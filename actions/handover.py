"""To a person: ends whatever flow is active and keeps what it collected for the agent."""

from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.complaining import ticket_number
from actions.collected import collected, in_words
from actions.knowledge import note_hand_over
from actions.memory import PERSON, Events, abandon, ending, forget
from actions.person import COMPLAINT, call_person, category_of, opening
from actions.phrases import phrase
from actions.turn import UNCLEAR, Turn


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
        note_hand_over(tracker)
        known = collected(tracker)
        note = {
            "reason": UNCLEAR if self._unclear else turn.intent,
            "flow": tracker.active_loop_name or (ending(tracker, PERSON) or {}).get("flow"),
            "text": turn.text,
            "collected": known,
            "unclear": [text for text in self._unclear if text.strip()],
            "emotion": tracker.get_slot("emotion"),
            "emotion_score": tracker.get_slot("emotion_score"),
        }
        items = in_words(known)
        remembered = phrase("utter_part_collected", items="；".join(items)) if items else ""
        response = _response(turn, bool(self._unclear))
        called = await call_person(tracker, note)
        if called.failed:
            dispatcher.utter_message(response="utter_desk_failed")
        elif called.nobody:
            dispatcher.utter_message(response="utter_desk_nobody", opening=opening())
        else:
            ticket = await ticket_number(tracker, "complaint") if response == "utter_complaint" else ""
            dispatcher.utter_message(response=response, wait=called.wait, collected=remembered, ticket=ticket)
        # A flow that ends here has no rule that goes on.
        listen = [FollowupAction("action_listen")] if ending(tracker, PERSON) else []
        return [*abandon(tracker), *forget(tracker), SlotSet("handover", note), *listen]


def _response(turn: Turn, unclear: bool) -> str:
    if unclear:
        return "utter_unclear_handed_over"
    return "utter_complaint" if category_of(turn.tracker) == COMPLAINT else "utter_request_human"
