"""The words that classifiers get to see: the same request sounds the same whatever the goods or the order."""

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.catalogue import CurrentMatcher, Mask
from bot.settings import get_settings

WORDS = "words"  # on a message: its text with neutral words for names of the catalogue and for numbers


def words_of(message: Message) -> str:
    """What a classifier should see of a message: its neutral words, or the text where nobody made any."""
    return message.get(WORDS) or message.get(TEXT) or ""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class CatalogueMask(GraphComponent):
    """Sets the neutral words of messages, of training examples too; text, tokens and entities stay as they are.

    `bot.nlu.featurizer` (without token vectors) and `bot.nlu.intent`, which stand behind it, read them.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`url`: the shop's database; by default that of the settings."""
        return {"url": None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "CatalogueMask":
        """Nothing is opened before the first message."""
        return cls(config)

    def __init__(self, config: dict[str, Any]) -> None:
        """Remember where the shop's database is."""
        self._current = CurrentMatcher(config.get("url") or get_settings().shop_url)
        self._mask: Mask | None = None

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Set the neutral words of the examples."""
        self.process([example for example in training_data.training_examples if example.get(TEXT)])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the neutral words of incoming messages."""
        matcher, mask = self._current.get(), self._mask
        if mask is None or mask.matcher is not matcher:
            mask = self._mask = Mask(matcher)
        for message in messages:
            message.set(WORDS, mask(message.get(TEXT) or ""))
        return messages
