"""The states of a conversation for the policies: Rasa replays it anew for each policy and each action of a turn.

Here a tracker keeps its replay and goes on with it where events were added; what policies see of it is put together
from the facts of each point, as `Domain.states_for_tracker_history` does. Events that change what came before (an
undo, a restart, a form that runs again) begin a new replay. Messages change after they came (entities are added), so
that they are read when somebody asks; all but the empty one before the first, which each replay has for itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.constants import ACTIVE_LOOP, PREVIOUS_ACTION, SHOULD_NOT_BE_SET, SLOTS, USER
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    BotUttered,
    DefinePrevUserUtteredFeaturization,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import AnySlotDict, DialogueStateTracker

RASAS_OWN = DialogueStateTracker.past_states
_KEPT = "_replay_kept"
_REVISING = (Restarted, SessionStarted, ActionReverted, UserUtteranceReverted)
_LEAVE_SLOTS = frozenset(
    (ActionExecuted, UserUttered, BotUttered, DefinePrevUserUtteredFeaturization, ActiveLoop, ActionExecutionRejected)
)
_State = dict[str, Any]


@dataclass(frozen=True)
class _Point:
    """What of the conversation counts at one point, just before an action or at its end."""

    message: UserUttered | None  # None where what it says is known already
    user: dict[str, Any]
    slots: dict[str, Any]
    action: dict[str, str] | None
    action_name: str | None
    loop: dict[str, str | None]
    loop_name: str | None
    followup: str | None
    hide: bool


class _Replay:
    """A conversation played up to some event."""

    def __init__(self, tracker: DialogueStateTracker, domain: Domain) -> None:
        self.domain = domain
        self._first = tracker.events[0]
        self._played, self._last = 0, self._first
        self._points: list[_Point] = []
        slots = tracker.slots
        featured = [] if isinstance(slots, AnySlotDict) else [s for s in slots.values() if s.influence_conversation]
        # A tracker of those slots alone: what else is set, no policy sees.
        self._tracker = DialogueStateTracker(tracker.sender_id, featured, is_rule_tracker=tracker.is_rule_tracker)
        self._loops = {event.name for event in tracker.events if type(event) is ActiveLoop and event.name}
        self._slots: dict[str, Any] | None = None
        self._said: UserUttered | None = None
        self._play(tracker.applied_events())
        self._note(tracker)

    def catches_up(self, tracker: DialogueStateTracker, domain: Domain) -> bool:
        """Play what was added since; False where that does not do and a new replay must."""
        events = tracker.events
        count = self._played
        if domain is not self.domain or len(events) < count or events[0] is not self._first:
            return False
        if events[count - 1] is not self._last:
            return False
        new = [events[place] for place in range(count, len(events))]
        if any(map(self._revises, new)):
            return False
        self._play(new)
        self._note(tracker)
        return True

    def states(self, ignore_rule_only_turns: bool, rule_only_data: Mapping[str, Any] | None) -> list[_State]:
        """As `Domain.states_for_tracker_history`; whoever gets them may change them."""
        states: list[_State] = []
        users: dict[int, dict[str, Any]] = {}
        last_action, hidden = None, False
        for point in (*self._points, self._point(False)):
            if ignore_rule_only_turns:
                if not hidden:
                    last_action = point.action
                if not point.followup and point.action_name != point.loop_name:
                    hidden = point.hide
                if hidden:
                    continue
            user = point.user if point.message is None else users.get(id(point.message))
            if user is None:
                user = users[id(point.message)] = self._user(point.message)
            state: _State = {}
            for kind, part in (
                (USER, user),
                (SLOTS, point.slots),
                (PREVIOUS_ACTION, point.action),
                (ACTIVE_LOOP, point.loop),
            ):
                if part:
                    state[kind] = part if kind == PREVIOUS_ACTION else dict(part)
            if ignore_rule_only_turns:
                Domain._remove_rule_only_features(state, rule_only_data)
                if states:
                    Domain._substitute_rule_only_user_input(state, states[-1])
                if last_action:
                    state[PREVIOUS_ACTION] = last_action
                state = {kind: part for kind, part in state.items() if part}
            states.append(state)
        return states

    def _play(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, UserUttered):
                self._said = event
            elif isinstance(event, ActionExecuted):
                self._points.append(self._point(event.hide_rule_turn))
            if type(event) is SlotSet and event.key not in self._tracker.slots:
                continue
            self._tracker.update(event)
            if type(event) not in _LEAVE_SLOTS:
                self._slots = None

    def _note(self, tracker: DialogueStateTracker) -> None:
        self._played, self._last = len(tracker.events), tracker.events[-1]

    def _revises(self, event: Event) -> bool:
        if isinstance(event, ActionExecuted):
            return event.action_name in self._loops
        return isinstance(event, _REVISING) or (type(event) is ActiveLoop and bool(event.name))

    def _point(self, hide: bool) -> _Point:
        tracker = self._tracker
        if self._slots is None:
            self._slots = dict(self._features())
        message = tracker.latest_message
        comes_later = message is self._said
        return _Point(
            message if comes_later else None,
            {} if comes_later else self._user(message),
            self._slots,
            tracker.latest_action,
            tracker.latest_action_name,
            Domain._get_active_loop_sub_state(tracker),
            tracker.active_loop_name,
            tracker.followup_action,
            hide,
        )

    def _user(self, message: UserUttered | None) -> dict[str, Any]:
        return dict(self.domain._get_user_sub_state(_Read(message)))

    def _features(self) -> Iterator[tuple[str, Any]]:
        for slot in self._tracker.slots.values():
            feature = slot.as_feature()
            if feature and slot.value == SHOULD_NOT_BE_SET:
                yield slot.name, SHOULD_NOT_BE_SET
            elif any(feature):
                yield slot.name, tuple(feature)


@dataclass(frozen=True)
class _Read:
    """All of a tracker that `Domain._get_user_sub_state` looks at."""

    latest_message: UserUttered | None


def _past_states(
    self: DialogueStateTracker,
    domain: Domain,
    omit_unset_slots: bool = False,
    ignore_rule_only_turns: bool = False,
    rule_only_data: Mapping[str, Any] | None = None,
) -> list[_State]:
    if omit_unset_slots or not self.events:
        return RASAS_OWN(self, domain, omit_unset_slots, ignore_rule_only_turns, rule_only_data)
    replay: _Replay | None = self.__dict__.get(_KEPT)
    if replay is None or not replay.catches_up(self, domain):
        replay = self.__dict__[_KEPT] = _Replay(self, domain)
    return replay.states(ignore_rule_only_turns, rule_only_data)


def quicken() -> None:
    """Let trackers keep their replays."""
    DialogueStateTracker.past_states = _past_states
