"""The third tier: the emotion of a message and its score from 1 (furious) to 5 (delighted)."""

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.emotion_by_intent import EmotionByIntent
from bot.nlu.intent import views_of
from bot.nlu.linear import LinearOptions
from bot.nlu.panel import Panel, fingerprint

EMOTION = "emotion"
CALM = "calm"
NEUTRAL_SCORE = 3


def emotion_of(example: Message) -> str:
    """The label of a training example, as "impatient:2": `metadata` of its block in data/nlu, calm without.

    Raises:
        InvalidConfigException: the score is no number from 1 to 5.
    """
    metadata = (example.get(METADATA) or {}).get(METADATA_INTENT) or {}
    name, score = metadata.get(EMOTION, CALM), metadata.get("score", NEUTRAL_SCORE)
    if score not in (1, 2, 3, 4, 5):
        raise InvalidConfigException(
            f"意图 {example.get(INTENT)} 的 metadata 里 score 应为 1 到 5 的整数，不能是 {score}"
        )
    return f"{name}:{score}"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class EmotionClassifier(GraphComponent):
    """Sets `emotion`: its name, the confidence in it, and its score, from the words and, if known, the intent."""

    @classmethod
    def required_components(cls) -> list[type]:
        """Components that must stand before it in the pipeline."""
        return [DenseFeaturizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Python packages that it needs beside Rasa."""
        return ["sklearn", "scipy"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Its settings, described at `LinearOptions`."""
        return {
            "c": 0.1,
            "ngrams": [1, 4],
            "min_df": LinearOptions.min_df,
            "dense_weight": LinearOptions.dense_weight,
            "folds": LinearOptions.folds,
        }

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """See `fingerprint` of the classifier."""
        return fingerprint()

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "EmotionClassifier":
        """An untrained classifier."""
        return cls(config, model_storage, resource)

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Keep the settings; `train` or `load` gives it a model."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._model: Panel | None = None
        self._by_intent = EmotionByIntent({})

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from all examples that have an intent; without a second emotion every message stays calm."""
        examples = [one for one in training_data.intent_examples if one.get(TEXT)]
        labels = [emotion_of(one) for one in examples]
        with self._model_storage.write_to(self._resource) as folder:
            if len(set(labels)) > 1:
                texts = [one.get(TEXT) for one in examples]
                self._model = Panel.fit(LinearOptions.of(self._config), texts, views_of(examples), labels)
                intents = [one.get(INTENT) for one in examples]
                self._by_intent = EmotionByIntent.count(self._model.classes, labels, intents)
                self._model.save(folder)
                self._by_intent.save(folder)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "EmotionClassifier":
        """The classifier that `train` stored."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            if any(folder.iterdir()):
                component._model = Panel.load(folder)
                component._by_intent = EmotionByIntent.load(folder)
        return component

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leave the examples as they are: nothing after it learns from emotions."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the emotion of each message."""
        if not messages:
            return messages
        if self._model is None:
            rows = np.ones((len(messages), 1))
            classes = [f"{CALM}:{NEUTRAL_SCORE}"]
        else:
            texts = [message.get(TEXT) or "" for message in messages]
            rows = self._model.probabilities(texts, views_of(messages))
            classes = self._model.classes
        for message, row in zip(messages, rows, strict=True):
            intents = {one["name"]: one["confidence"] for one in message.get(INTENT_RANKING_KEY) or []}
            message.set(EMOTION, read_emotion(classes, self._by_intent.join(row, intents)), add_to_output=True)
        return messages


def read_emotion(classes: list[str], probabilities: np.ndarray) -> dict[str, Any]:
    """The likeliest emotion of classes like "impatient:2", and the likeliest score within it."""
    confidence: dict[str, float] = {}
    for label, probability in zip(classes, probabilities, strict=True):
        name = label.split(":")[0]
        confidence[name] = confidence.get(name, 0.0) + float(probability)
    best = max(confidence, key=lambda name: confidence[name])
    scores = {label: p for label, p in zip(classes, probabilities, strict=True) if label.startswith(best + ":")}
    score = int(max(scores, key=lambda label: scores[label]).split(":")[1])
    return {"name": best, "confidence": confidence[best], "score": score}
