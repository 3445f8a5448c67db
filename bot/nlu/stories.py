"""Stories that may branch on intent tier and mood, and need not name them."""

import json
from collections.abc import Iterator
from typing import Any

from rasa.core.policies.memoization import MemoizationPolicy
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import SLOTS
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu.action_calls import check_schema_once

_Conditions = list[tuple[int, str, Any]]  # (turn, slot, value)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class StoryPolicy(MemoizationPolicy):
    """Rasa's memoization, but slots that every message sets are looked at only where a story names them.

    Memoization itself compares all slots of all turns: as soon as one story names the emotion, all stories would have
    to, for each emotion there is. Of several stories that fit, the one that names most decides; two that name as much
    and disagree decide nothing. A value holds for the turn that names it, later ones may change.
    """

    _index: dict[str, list[tuple[_Conditions, str]]] = {}
    _indexed: dict[str, str] | None = None  # the lookup that the index was made from

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """As Rasa's, and `optional_slots`: those that a story may leave out."""
        return {
            **MemoizationPolicy.get_default_config(),
            "optional_slots": ["base_intent", "emotion", "upset", "asking_back", "hesitating"],
        }

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "StoryPolicy":
        """The policy that `train` stored, in a process that is going to call actions."""
        check_schema_once()
        policy = super().load(config, model_storage, resource, execution_context, **kwargs)
        assert isinstance(policy, cls)
        return policy

    def _create_feature_key(self, states: list[State]) -> str | None:
        # Unlike Rasa's it can be read back.
        return json.dumps(states, sort_keys=True) if states else None

    def recall(
        self,
        states: list[State],
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None,
    ) -> str | None:
        """The action that the best fitting story goes on with."""
        exact = super().recall(states, tracker, domain, rule_only_data)
        if exact or not states:
            return exact
        now = _plain(states)
        fitting: dict[int, set[str]] = {}
        for conditions, action in self._branches().get(self._without_optional(now), []):
            if all((now[turn].get(SLOTS) or {}).get(slot) == value for turn, slot, value in conditions):
                fitting.setdefault(len(conditions), set()).add(action)
        best = fitting[max(fitting)] if fitting else set()
        return next(iter(best)) if len(best) == 1 else None

    def _branches(self) -> dict[str, list[tuple[_Conditions, str]]]:
        """All that was learned: history without optional slots → conditions on them and the action."""
        if self._indexed is not self.lookup:
            self._indexed, self._index = self.lookup, {}
            for key, action in self.lookup.items():
                states = json.loads(key)
                self._index.setdefault(self._without_optional(states), []).append((list(self._named(states)), action))
        return self._index

    def _named(self, states: list[dict[str, Any]]) -> Iterator[tuple[int, str, Any]]:
        before: dict[str, Any] = {}
        for turn, state in enumerate(states):
            slots = state.get(SLOTS) or {}
            for slot in self.config["optional_slots"]:
                if slots.get(slot) not in (None, before.get(slot)):
                    yield turn, slot, slots[slot]
            before = slots

    def _without_optional(self, states: list[dict[str, Any]]) -> str:
        bare = []
        for state in states:
            slots = {n: v for n, v in (state.get(SLOTS) or {}).items() if n not in self.config["optional_slots"]}
            bare.append({**{k: v for k, v in state.items() if k != SLOTS}, **({SLOTS: slots} if slots else {})})
        return json.dumps(bare, sort_keys=True)


def _plain(states: list[State]) -> list[dict[str, Any]]:
    """As JSON keeps them: tuples become lists."""
    return list(json.loads(json.dumps(states)))
