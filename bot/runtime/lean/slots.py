"""Slots: each tracker has its own of every slot in the domain, and Rasa makes a dozen trackers in a turn.

Here trackers share them. A tracker that sets or resets a slot takes a new one in its place; nothing else changes slots.
"""

from typing import Any

from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker

RASAS_SET, RASAS_RESET = DialogueStateTracker._set_slot, DialogueStateTracker._reset_slots


def _shared(self: Slot) -> Slot:
    return self


def _another(slot: Slot) -> Slot:
    """As `copy.copy` would make it."""
    made: Any = object.__new__(type(slot))
    made.__dict__.update(slot.__dict__)
    return made


def _set_slot(self: DialogueStateTracker, key: str, value: Any) -> None:
    if key in self.slots:
        slot = self.slots[key] = _another(self.slots[key])
        slot.value = value
    else:
        RASAS_SET(self, key, value)  # complains


def _reset_slots(self: DialogueStateTracker) -> None:
    for name, slot in self.slots.items():
        if slot.has_been_set:
            self.slots[name] = _another(slot)
            self.slots[name].reset()


def quicken() -> None:
    """Let trackers share the slots that they do not set."""
    Slot.__copy__ = _shared
    DialogueStateTracker._set_slot, DialogueStateTracker._reset_slots = _set_slot, _reset_slots
