"""What a flow has collected, how it ends, and what it forgets then."""

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet

from actions.outreach import OFFERED, PRICED
from actions.phrases import domain
from actions.turn import ASKED_BACK, ASKING_BACK, UNCLEAR_TEXTS

Events = list[dict[str, Any]]
CONFIRMED = "confirmed"
# Why a flow ends without a yes: {"kind", "flow": form, …}. The customer was TOLD why (then perhaps "back" to the form
# that was interrupted), a system is DOWN, a PERSON goes on, or the flow's resolution begins it AGAIN.
ENDING = "ending"
TOLD, DOWN, PERSON, AGAIN = "told", "down", "person", "again"
# What outlives a flow; every other slot is a flow's memory.
UNDERSTANDING = frozenset({"base_intent", "emotion", "emotion_score", "upset", "repeated", "soothed"})
LASTING = (
    frozenset({"city", "handover", "current_order", OFFERED, PRICED, ASKED_BACK, ASKING_BACK, UNCLEAR_TEXTS})
    | UNDERSTANDING
)


def leave() -> Events:
    """End the form of the current turn as not confirmed; its resolution says goodbye."""
    return [SlotSet(CONFIRMED, False), SlotSet("requested_slot", None)]


def end(kind: str, flow: str, **more: Any) -> Events:
    """End the form `flow` as not confirmed, without a goodbye: TOLD why, a system DOWN, or on to a PERSON."""
    return [SlotSet(ENDING, {"kind": kind, "flow": flow, **more}), *leave()]


def go_back(form: str) -> Events:
    """Into the form `form` once more, with all that it has collected, for another yes."""
    again = {"kind": AGAIN, "flow": form}
    return [SlotSet(ENDING, again), SlotSet(CONFIRMED, None), FollowupAction(form)]


def ending(tracker: Tracker, kind: str) -> dict[str, Any] | None:
    """Why the flow ends, when that is of `kind`."""
    why = tracker.get_slot(ENDING)
    return why if isinstance(why, dict) and why.get("kind") == kind else None


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
