"""The first two tiers: business intent and base intent of a message."""

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.featurizer import UNSEEN, sentence_features
from bot.nlu.linear import LinearOptions
from bot.nlu.masking import words_of
from bot.nlu.panel import Panel, View, fingerprint
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import SettingsError

BASE_INTENT = "base_intent"
Ranking = list[dict[str, Any]]


def views_of(messages: list[Message]) -> list[View]:
    """How each encoder sees the messages' texts.

    Raises:
        InvalidConfigException: no dense featurizer stands before the classifier.
    """
    features = [sentence_features(message) for message in messages]
    count = min(map(len, features))
    if not count:
        raise InvalidConfigException(
            "分类器需要句向量，请在 config.yml 的 pipeline 里把 bot.nlu.featurizer.ChineseBertFeaturizer 写在它前面"
        )
    views = []
    for place in range(count):
        marks = [(message.get(UNSEEN) or {}).get(place) for message in messages]
        vectors = np.asarray([one[place].features[0] for one in features], dtype=np.float32)
        views.append(View(vectors, None if None in marks else np.array(marks, bool)))
    return views


def ranking(names: list[str], probabilities: np.ndarray, length: int) -> Ranking:
    """The `length` likeliest names (0: all) with their confidence, likeliest first."""
    order = np.argsort(-probabilities)[: length or None]
    return [{"name": names[k], "confidence": float(probabilities[k])} for k in order]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TieredIntentClassifier(IntentClassifier, GraphComponent):
    """Sets `intent`, `intent_ranking`, `base_intent` and `base_intent_ranking` with calibrated confidence.

    A base intent is as likely as all business intents of its group together.
    """

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
        """Its settings; all but `ranking_length` are described at `LinearOptions`."""
        return {
            "ranking_length": 10,
            "c": LinearOptions.c,
            "ngrams": list(LinearOptions.ngrams),
            "min_df": LinearOptions.min_df,
            "dense_weight": LinearOptions.dense_weight,
            "folds": LinearOptions.folds,
            "neighbours": 3,
            "neighbour_dims": LinearOptions.neighbour_dims,
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
    ) -> "TieredIntentClassifier":
        """An untrained classifier."""
        return cls(config, model_storage, resource)

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """Keep the settings; `train` or `load` gives it a model."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._model: Panel | None = None
        self._groups: list[str] = []

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples that have an intent.

        Raises:
            InvalidConfigException: fewer than two intents, or one that data/taxonomy.yml does not know.
        """
        examples = [one for one in training_data.intent_examples if one.get(TEXT)]
        labels = [one.get(INTENT) for one in examples]
        if len(set(labels)) < 2:
            raise InvalidConfigException("data/nlu 里至少要有两个意图的例句，才能训练意图分类器")
        texts = [words_of(one) for one in examples]
        self._use(Panel.fit(LinearOptions.of(self._config), texts, views_of(examples), labels))
        with self._model_storage.write_to(self._resource) as folder:
            assert self._model
            self._model.save(folder)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "TieredIntentClassifier":
        """The classifier that `train` stored."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._use(Panel.load(folder))
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """Set both tiers on each message."""
        if not messages or self._model is None:
            return messages
        texts = [words_of(message) for message in messages]
        probabilities = self._model.probabilities(texts, views_of(messages))
        bases = list(dict.fromkeys(self._groups))
        members = np.array([[group == base for base in bases] for group in self._groups], dtype=float)
        for message, row, base_row in zip(messages, probabilities, probabilities @ members, strict=True):
            intents = ranking(self._model.classes, row, self._config["ranking_length"])
            groups = ranking(bases, base_row, 0)
            message.set(INTENT, intents[0], add_to_output=True)
            message.set("intent_ranking", intents, add_to_output=True)
            message.set(BASE_INTENT, groups[0], add_to_output=True)
            message.set(f"{BASE_INTENT}_ranking", groups, add_to_output=True)
        return messages

    def _use(self, model: Panel) -> None:
        taxonomy = load_taxonomy()
        try:
            taxonomy.require(model.classes)
        except SettingsError as error:
            raise InvalidConfigException(str(error)) from error
        self._model = model
        self._groups = [taxonomy.base_of[name] for name in model.classes]
