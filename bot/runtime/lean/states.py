"""The states of a conversation for the policies: Rasa computes them anew for each question, the same ones twice a turn.

A tracker grows only at its end, so that its first and last event and their number say whether the states still hold.
"""

from collections.abc import Mapping
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

RASAS_OWN = DialogueStateTracker.past_states
_KEPT = "_states_kept"
_State = dict[str, Any]


def _past_states(
    self: DialogueStateTracker,
    domain: Domain,
    omit_unset_slots: bool = False,
    ignore_rule_only_turns: bool = False,
    rule_only_data: Mapping[str, Any] | None = None,
) -> list[_State]:
    if not self.events:
        return RASAS_OWN(self, domain, omit_unset_slots, ignore_rule_only_turns, rule_only_data)
    # The objects themselves, compared by `is`: an id may come back after its object is gone.
    key = (domain, self.events[0], self.events[-1])
    rest = (len(self.events), omit_unset_slots, ignore_rule_only_turns, repr(rule_only_data))
    kept = self.__dict__.get(_KEPT)
    if kept is None or kept[1] != rest or any(mine is not its for mine, its in zip(key, kept[0], strict=True)):
        found = RASAS_OWN(self, domain, omit_unset_slots, ignore_rule_only_turns, rule_only_data)
        kept = self.__dict__[_KEPT] = (key, rest, _copied(found))
        return found
    return _copied(kept[2])


def _copied(states: list[_State]) -> list[_State]:
    """Copies that a policy may change, as Rasa's does with the last user's input."""
    return [{kind: dict(part) if isinstance(part, dict) else part for kind, part in s.items()} for s in states]


def quicken() -> None:
    """Let trackers remember their last states."""
    DialogueStateTracker.past_states = _past_states
