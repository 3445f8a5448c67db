"""Tokens of Chinese chat, true to the character."""

from itertools import pairwise
from typing import Any

import regex
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.constants import ENTITIES, ENTITY_ATTRIBUTE_END, ENTITY_ATTRIBUTE_START, TEXT
from rasa.shared.nlu.training_data.message import Message

# A number with its unit is one token, and "iPhone14" two; "14Pro" is two as well, for the unit must end there.
_UNITS = "gb|tb|mb|kg|mg|ml|cm|mm|km|mah|hz|khz|kw|xl|xxl|pcs|g|t|l|w|v|a|m|k|s|p|寸"
_TOKEN = regex.compile(
    rf"\p{{Nd}}+(?:[.,:]\p{{Nd}}+)*(?:(?:{_UNITS})(?!\p{{Latin}}))?"  # 256G, 5,999, 18:00, 1.5L
    r"|\p{Latin}+(?:['’-]\p{Latin}+)*"  # iPhone, Type-C
    r"|(?!\s)\X",  # a Han character, a mark, a whole emoji
    regex.IGNORECASE,
)
_HALF_WIDTH = {full: full - 0xFEE0 for full in range(0xFF10, 0xFF5B) if chr(full).isalnum()}  # １ → 1, Ｇ → G


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class ChineseTokenizer(Tokenizer):
    """Each Han character a token, words of Latin letters and numbers whole, never white space.

    In training data a token never reaches across the border of an annotated entity.
    """

    @staticmethod
    def supported_languages() -> list[str] | None:
        """The languages that it is for."""
        return ["zh"]

    @staticmethod
    def required_packages() -> list[str]:
        """Python packages that it needs beside Rasa."""
        return ["regex"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The settings of every Rasa tokenizer."""
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
        }

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The tokens of one attribute of the message."""
        text = message.get(attribute)
        borders = _borders(message, attribute)
        tokens: list[Token] = [
            Token(text[start:end], start)
            for match in _TOKEN.finditer(text.translate(_HALF_WIDTH))
            for start, end in (_split(match.start(), match.end(), borders) if borders else [match.span()])
        ]
        # A blank message is one empty token: Rasa's sparse featurizers and classifiers fail without any.
        return self._apply_token_pattern([token for token in tokens if token.text.strip()] or [Token("", 0)])


def _borders(message: Message, attribute: str) -> list[int]:
    if attribute != TEXT:
        return []
    entities = message.get(ENTITIES) or []
    keys = (ENTITY_ATTRIBUTE_START, ENTITY_ATTRIBUTE_END)
    return sorted({entity[key] for entity in entities for key in keys if entity.get(key) is not None})


def _split(start: int, end: int, borders: list[int]) -> list[tuple[int, int]]:
    cuts = [start, *(border for border in borders if start < border < end), end]
    return list(pairwise(cuts))
