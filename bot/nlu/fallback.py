"""Below the shop's confidence threshold a message counts as not understood."""

import re
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.fallback_classifier import (
    AMBIGUITY_THRESHOLD_KEY,
    THRESHOLD_KEY,
    FallbackClassifier,
)
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME, INTENT_MESSAGE_PREFIX
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.taxonomy import load_taxonomy
from bot.observing.metrics import FALLBACKS
from bot.settings import get_settings

_PAYLOAD = re.compile(rf"{INTENT_MESSAGE_PREFIX}(\w+)")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ConfidenceFallback(FallbackClassifier):
    """Makes `nlu_fallback` the intent of a message whose best guess stays below the threshold.

    The ranking keeps the real guesses behind `nlu_fallback`. Ambiguity is no reason of its own: calibrated confidence
    already says how sure the best guess is. An empty message gets no intent at all: a classifier, which must choose,
    is sure of anything there.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`threshold`: from 0 to 1; None takes that of data/operations.yml when the model is loaded."""
        return {THRESHOLD_KEY: None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "ConfidenceFallback":
        """Nothing is trained, so that a changed threshold counts from the next start on."""
        return cls(config)

    def __init__(self, config: dict[str, Any]) -> None:
        """Settle the threshold.

        Raises:
            InvalidConfigException: it is no number from 0 to 1.
        """
        threshold = config.get(THRESHOLD_KEY)
        if threshold is None:
            threshold = get_settings().operations.confidence.threshold
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not 0 <= threshold <= 1:
            raise InvalidConfigException(
                f"config.yml 里 ConfidenceFallback 的 threshold 应为 0 到 1 的数字（如 0.85），"
                f"不能是 {threshold}；删掉它就用 data/operations.yml 里的数字"
            )
        super().__init__({THRESHOLD_KEY: float(threshold), AMBIGUITY_THRESHOLD_KEY: 0.0})

    def process(self, messages: list[Message]) -> list[Message]:
        """Rewrite the intent of each message that is not understood well enough."""
        for message in messages:
            if not (message.get(TEXT) or "").strip():
                message.set(INTENT, {INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 0.0}, add_to_output=True)
            if not self._should_fallback(message):
                continue
            FALLBACKS.inc()
            guess = float(message.get(INTENT)[PREDICTED_CONFIDENCE_KEY])
            unclear = {INTENT_NAME_KEY: DEFAULT_NLU_FALLBACK_INTENT_NAME, PREDICTED_CONFIDENCE_KEY: 1 - guess}
            message.set(INTENT, unclear, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [unclear, *(message.get(INTENT_RANKING_KEY) or [])], add_to_output=True)
        return messages

    def _should_fallback(self, message: Message) -> bool:
        intent = message.get(INTENT) or {}
        text = message.get(TEXT) or ""
        if intent.get(INTENT_NAME_KEY) in (None, DEFAULT_NLU_FALLBACK_INTENT_NAME) or _is_payload(text):
            return False
        return bool(super()._should_fallback(message))


def _is_payload(text: str) -> bool:
    found = _PAYLOAD.match(text.strip())
    return found is not None and found[1] in {*load_taxonomy().base_of, DEFAULT_NLU_FALLBACK_INTENT_NAME}
