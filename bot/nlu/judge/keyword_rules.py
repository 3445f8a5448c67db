"""Keyword rules, the plainest rival in the race.

Rasa's KeywordIntentClassifier wants word borders around a keyword, which Chinese text does not have.
"""

from pathlib import Path
from typing import Any

import yaml
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class KeywordRules(GraphComponent, IntentClassifier):
    """The intent of the longest keyword in the message; no intent when there is none."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`file`: a YAML of intent -> keywords; of equally long keywords the earlier one counts."""
        return {"file": str(Path(__file__).with_name("keywords.yml"))}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "KeywordRules":
        """Read the keywords."""
        return cls(config)

    def __init__(self, config: dict[str, Any]) -> None:
        """Read the keywords that the configuration names."""
        content = yaml.safe_load(Path(config["file"]).read_text(encoding="utf8"))
        pairs = [(word, intent) for intent, words in content.items() for word in words]
        self._words = sorted(pairs, key=lambda pair: -len(pair[0]))

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent of each message."""
        for message in messages:
            text = message.get(TEXT) or ""
            name = next((intent for word, intent in self._words if word in text), None)
            intent = {INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: 1.0 if name else 0.0}
            message.set(INTENT, intent, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [intent] if name else [], add_to_output=True)
        return messages
