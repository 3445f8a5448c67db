"""Which rules fit: Rasa compares all of them with the conversation; here only those that follow the last action."""

from collections.abc import Mapping, Sequence
from typing import Any

from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.constants import PREVIOUS_ACTION
from rasa.shared.nlu.constants import ACTION_NAME

RASAS_OWN = RulePolicy._get_possible_keys
_INDEX = "_rules_by_action"
_ANY = ""  # rules that say nothing of the action before, or something else than its name


def _get_possible_keys(self: RulePolicy, lookup: Mapping[str, str], states: Sequence[dict[str, Any]]) -> set[str]:
    if not states:
        return RASAS_OWN(self, lookup, states)
    before = states[-1].get(PREVIOUS_ACTION) or {}
    name = before.get(ACTION_NAME)
    index = _index(self, lookup)
    # A conversation that begins fits rules of its beginning alone, see RulePolicy._is_rule_applicable.
    likely = set(lookup) if not name else index.get(_ANY, set()) | index.get(name, set())
    for turn, state in enumerate(reversed(states)):
        likely = {key for key in likely if self._is_rule_applicable(key, turn, state)}
        if not likely:
            break
    return likely


def _index(policy: RulePolicy, lookup: Mapping[str, str]) -> dict[str, set[str]]:
    kept: dict[int, tuple[Mapping[str, str], int, dict[str, set[str]]]] = policy.__dict__.setdefault(_INDEX, {})
    found = kept.get(id(lookup))
    if found is None or found[0] is not lookup or found[1] != len(lookup):
        by_action: dict[str, set[str]] = {}
        for key in lookup:
            last = policy._rule_key_to_state(key)[-1].get(PREVIOUS_ACTION) or {}
            by_action.setdefault(last.get(ACTION_NAME) or _ANY, set()).add(key)
        found = kept[id(lookup)] = (lookup, len(lookup), by_action)
    return found[2]


def quicken() -> None:
    """Let the policy look up rules by the action before."""
    RulePolicy._get_possible_keys = _get_possible_keys
