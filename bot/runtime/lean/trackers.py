"""Copies and dumps of trackers, of which Rasa makes one for each action of a turn.

A copy is played from its first event by Rasa, though a tracker's state follows from its events: here it is copied. The
dump for an action copies deeply what the form's first message looked like, which then goes into JSON all the same.
"""

import copy
from dataclasses import fields
from typing import Any

from rasa.shared.core.trackers import AnySlotDict, DialogueStateTracker, EventVerbosity

from bot.runtime.lean import slots

RASAS_COPY, RASAS_STATE = DialogueStateTracker.copy, DialogueStateTracker.current_state


def _copy(self: DialogueStateTracker) -> DialogueStateTracker:
    if isinstance(self.slots, AnySlotDict):
        return RASAS_COPY(self)
    made = DialogueStateTracker(self.sender_id, [], self._max_event_history, is_rule_tracker=self.is_rule_tracker)
    made.slots = dict(self.slots)  # see bot.runtime.lean.slots
    made.events.extend(self.events)
    for name in ("_paused", "followup_action", "latest_action", "latest_message", "latest_bot_utterance"):
        setattr(made, name, getattr(self, name))
    made.active_loop = copy.copy(self.active_loop)
    return made


def _current_state(self: DialogueStateTracker, event_verbosity: EventVerbosity = EventVerbosity.NONE) -> dict[str, Any]:
    loop, self.active_loop = self.active_loop, None
    try:
        state = RASAS_STATE(self, event_verbosity)
    finally:
        self.active_loop = loop
    if loop:
        state["active_loop"] = {field.name: getattr(loop, field.name) for field in fields(loop)}
    return state


def quicken() -> None:
    """Let trackers copy and dump themselves the short way."""
    slots.quicken()
    DialogueStateTracker.copy, DialogueStateTracker.current_state = _copy, _current_state
