"""The graph component that puts the shop's entities on messages."""

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import ENTITY_ATTRIBUTE_CONFIDENCE_TYPE
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TEXT,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.clock import local, now
from bot.nlu.catalogue._current import CurrentMatcher
from bot.nlu.catalogue._dates import find_dates
from bot.nlu.catalogue._match import Match, fold, resolve
from bot.nlu.catalogue._patterns import find_patterns
from bot.settings import get_settings

_LONGEST = 2_000  # characters looked at; nobody names goods beyond, and a wall of digits must not cost seconds


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class CatalogueEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Products, attributes, cities, warehouses from the shop's tables, and order numbers, phones, amounts, dates.

    The catalogue is read again when its version changes; nothing is trained.
    """

    @staticmethod
    def required_packages() -> list[str]:
        """Python packages that it needs beside Rasa."""
        return ["spacy"]

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
    ) -> "CatalogueEntityExtractor":
        """Nothing is opened before the first message."""
        return cls(config)

    def __init__(self, config: dict[str, Any]) -> None:
        """Remember where the shop's database is."""
        self._current = CurrentMatcher(config.get("url") or get_settings().shop_url)

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the entities to each message that is text, not a button's payload."""
        for message in messages:
            text = message.get(TEXT) or ""
            if text.startswith(INTENT_MESSAGE_PREFIX):
                continue
            found = self.add_extractor_name([_entity(match, text) for match in self._find(text)])
            message.set(ENTITIES, (message.get(ENTITIES) or []) + found, add_to_output=True)
        return messages

    def _find(self, text: str) -> list[Match]:
        text = text[:_LONGEST]
        folded = fold(text)
        matches = [*find_patterns(folded), *find_dates(folded, local(now()).date())]
        matcher = self._current.get()
        return resolve([*(matcher.find(text) if matcher else []), *matches])


def _entity(match: Match, text: str) -> dict[str, Any]:
    return {
        ENTITY_ATTRIBUTE_TYPE: match.entity,
        ENTITY_ATTRIBUTE_START: match.start,
        ENTITY_ATTRIBUTE_END: match.end,
        ENTITY_ATTRIBUTE_TEXT: text[match.start : match.end],
        ENTITY_ATTRIBUTE_VALUE: match.value,
        ENTITY_ATTRIBUTE_CONFIDENCE_TYPE: 1.0,
    }
