"""Replies to choose from for the customer's last message, each with its source and how well it fits.

`SOURCES` may be extended: a function from what was asked to [(text, where from, score 0 to 1)].
"""

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot import conversations
from bot.conversations import Store
from bot.desk.answers import answers_of
from bot.desk.asked import Asked
from bot.desk.suggestion_sources import from_knowledge, from_phrases, from_segment
from bot.knowledge import FieldError
from bot.nlu.encoder import EncoderError
from bot.settings import Settings, SettingsError
from bot.shop import ShopError

_LOG = logging.getLogger(__name__)
MOST = 3
_LEAST = 0.2  # less alike than this is no help

Source = Callable[[Asked], list[tuple[str, str, float]]]
SOURCES: dict[str, Source] = {
    "history": lambda asked: answers_of(asked.store).like(asked),
    "phrase": from_phrases,
    "knowledge": from_knowledge,
    "segment": from_segment,
}


def for_conversation(store: Store, settings: Settings, conversation_id: str, account_id: str) -> list[dict[str, Any]]:
    """The best three, each once: text, source (a name in `SOURCES`), from, score."""
    recent = conversations.history(store, conversation_id, limit=20)
    said = next((m.content.get("text") for m in reversed(recent) if m.author == "customer"), None)
    if not said:
        return []
    asked = Asked(str(said), conversation_id, account_id, store, settings)
    found = [(name, *each) for name, source in SOURCES.items() for each in _tried(name, source, asked)]
    best: dict[str, dict[str, Any]] = {}
    for name, text, origin, score in sorted(found, key=lambda each: -each[3]):
        if score >= _LEAST:
            best.setdefault(text, {"text": text, "source": name, "from": origin, "score": round(score, 3)})
    return list(best.values())[:MOST]


def _tried(name: str, source: Source, asked: Asked) -> list[tuple[str, str, float]]:
    try:
        return source(asked)
    except (SQLAlchemyError, EncoderError, ShopError, FieldError, SettingsError) as error:
        _LOG.warning("No suggestions from %s: %s", name, str(error)[:200])  # the others help all the same
        return []
