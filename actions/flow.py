"""The one pattern of all flows: a form asks, one question confirms with the real figures, one action resolves.

A flow is a form of domain.yml whose last required slot is `confirmed`, two rules, and at most one short action:
- `validate_<form>` reads the answers. Forms without a class of their own get `FlowValidation` as it is.
- `utter_ask_<form>_confirmed`, or an action of that name, asks the question that confirms.
- a `FlowResolution` acts on a yes and ends the flow politely on everything else.
"""

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.phrases import domain
from actions.turn import ASKED_BACK, ASKING_BACK, UNCLEAR_TEXTS, Turn

Events = list[dict[str, Any]]
CONFIRMED = "confirmed"
# What outlives a flow; every other slot is a flow's memory.
UNDERSTANDING = frozenset({"base_intent", "emotion", "emotion_score", "upset", "repeated", "soothed"})
LASTING = frozenset({"city", "handover", ASKED_BACK, ASKING_BACK, UNCLEAR_TEXTS}) | UNDERSTANDING


def leave() -> Events:
    """End the form of the current turn as not confirmed; its resolution says goodbye."""
    return [SlotSet(CONFIRMED, False), SlotSet("requested_slot", None)]


def abandon(tracker: Tracker) -> Events:
    """End whatever form is active, without its resolution, and forget what it collected."""
    if not tracker.active_loop_name:
        return []
    return [ActiveLoop(None), SlotSet("requested_slot", None), *forget(tracker)]


def forget(tracker: Tracker) -> Events:
    """Empty the slots that a flow has filled."""
    names = (domain().get("slots") or {}).keys() - LASTING
    return [SlotSet(name, None) for name in sorted(names) if tracker.get_slot(name) is not None]


def required_slots(form: str) -> list[str]:
    """The slots that `form` requires, in the order it asks for them."""
    return list((domain().get("forms") or {}).get(form, {}).get("required_slots", []))


class FlowValidation(Action, ABC):
    """Reads the answers of the form `form`; `entries` are the intents that start it."""

    form = ""
    entries: frozenset[str] = frozenset()

    @abstractmethod
    def name(self) -> str:
        """validate_<form>, as Rasa looks it up."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn(tracker, self.form)
        if not turn.fresh:
            return []
        if not turn.activating and turn.answer == "stop":
            return leave()
        events = self.read(turn, dispatcher)
        if events and turn.tracker.get_slot(UNCLEAR_TEXTS) and not turn.understood:
            events.append(SlotSet(UNCLEAR_TEXTS, None))  # the answer counts by what it holds
        return events

    def read(self, turn: Turn, dispatcher: CollectingDispatcher) -> Events:
        """The slots that this message fills; none lets Rasa answer it as an interruption and ask again."""
        required = required_slots(self.form)
        filled = {name: value for name, value in turn.tracker.slots_to_validate().items() if name in required}
        if turn.activating:
            filled |= {name: None for name in required if name.endswith(CONFIRMED)}
        elif (turn.requested or "").endswith(CONFIRMED) and turn.answer:
            filled[str(turn.requested)] = turn.answer == "yes"
        return [SlotSet(name, value) for name, value in filled.items()]


class FlowResolution(Action, ABC):
    """The action that ends a flow: acts on a yes, says goodbye on anything else."""

    left_response = "utter_flow_left"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        if tracker.get_slot(CONFIRMED) is not True:
            dispatcher.utter_message(response=self.left_response)
            return forget(tracker)
        return self.resolve(dispatcher, tracker)

    @abstractmethod
    def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Act on the customer's yes, say what came of it, and return the events (mostly `forget(tracker)`)."""


def plain_validation(form: str) -> type[FlowValidation]:
    """The validation of a form that needs nothing of its own."""
    name = f"validate_{form}"
    return type(name, (FlowValidation,), {"form": form, "name": lambda self: name})
