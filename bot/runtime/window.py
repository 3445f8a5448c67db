"""Trackers that hold the last turns of a conversation and the state that all earlier ones have led to."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    ConversationPaused,
    Event,
    SlotSet,
)
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

_SEEN = 8  # states, more than any policy of ours looks back
_TRIES = 3


class WindowTracker(DialogueStateTracker):
    """A tracker that knows what of it is stored.

    Attributes:
        stored: how many of `events`, from the front, are in the store or lead to the state before it.
        rows: number and first event (index in `events`) of each stored turn in the window.
        last: the number of the conversation's last stored turn, 0 when there is none.
    """

    stored = 0
    last = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """As Rasa's."""
        super().__init__(*arguments, **named)
        self.rows: list[tuple[int, int]] = []


_resolve = Event.resolve_by_type  # Rasa's own, whatever takes its place


@lru_cache(maxsize=256)
def class_of(name: str) -> Any:
    """The class of the events of this name; Rasa looks through all classes for each.

    Raises:
        ValueError: there is none.
    """
    return _resolve(name)


def revive(told: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Events from their dicts."""
    found = []
    for body in told:
        kind = class_of(body["event"]) if body.get("event") else None
        event = kind._from_parameters(body) if kind else None
        if event is not None:
            found.append(event)
    return found


def shorter(
    tracker: WindowTracker, domain: Domain, keep: int, at_all_costs: bool
) -> tuple[int, list[dict[str, Any]]] | None:
    """Where the window of `tracker` may begin instead: a row's number, and the events that lead to the state before it.

    A window begins where the bot listened, and only where policies see the same through it: of a form they see the
    turn before its beginning, however long ago that was.

    Args:
        tracker: with its last turn in `rows`.
        domain: of slots and policies.
        keep: how many rows stay at least.
        at_all_costs: cut even where policies will see less; the state is right all the same.
    """
    events = list(tracker.events)
    enough = tracker.rows[: len(tracker.rows) - keep + 1]
    places = [(number, begin) for number, begin in enough if begin and _listens(events[begin - 1])]
    for number, begin in reversed(places[-_TRIES:]):
        state = carried(events[:begin], domain.slots, events[begin - 1].timestamp)
        through = DialogueStateTracker.from_events("", [*revive(state), *events[begin:]], domain.slots)
        if at_all_costs or through.past_states(domain)[-_SEEN:] == tracker.past_states(domain)[-_SEEN:]:
            return number, state
    return None


def carried(events: Iterable[Event], slots: Iterable[Slot], at: float) -> list[dict[str, Any]]:
    """A few events that lead to the same state as `events`, which end with the bot listening.

    Kept are slots, the active loop and whether it rejected, and whether the bot is paused; the message, action and
    utterance before are not, for the window has later ones.

    Args:
        events: all from the beginning of the session, or those of the window before.
        slots: the domain's.
        at: the time that the new events get.
    """
    before = DialogueStateTracker.from_events("", list(events), slots)
    found: list[Event] = [
        SlotSet(slot.name, slot.value, at)
        for slot in before.slots.values()
        if slot.has_been_set or slot.value != slot.initial_value
    ]
    loop = before.active_loop
    if loop is not None and loop.name:
        # The loop ran before: without its first run the next one would count as first and be shown to policies.
        found += [ActionExecuted(loop.name, timestamp=at), ActiveLoop(loop.name, at)]
        if loop.rejected:
            found.append(ActionExecutionRejected(loop.name, timestamp=at))
    if before.is_paused():
        found.append(ConversationPaused(at))
    found.append(ActionExecuted(ACTION_LISTEN_NAME, timestamp=at))
    return [event.as_dict() for event in found]


def _listens(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME
