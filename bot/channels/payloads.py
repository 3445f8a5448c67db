"""Which button payloads a customer may send: those that the bot offered in this conversation, and no others.

A payload such as `/inform{"sku": "…"}` sets intent and entities past the model; typed by hand it would be a forged one.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from bot.conversations import Stored

PREFIX = "/"
_HARMLESS_PREFIX = "／"


def offered(messages: Iterable[Stored]) -> dict[str, str]:
    """Payload → the words on its button, of everything the bot offered in `messages`."""
    found: dict[str, str] = {}
    for message in messages:
        if message.author == "bot":
            found.update(_offers(message.content))
    return found


def _offers(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    custom = content.get("custom")
    cards = custom.get("cards") if isinstance(custom, dict) else None
    for button in [*(content.get("quick_replies") or []), *(cards or [])]:
        if isinstance(button, dict) and button.get("payload"):
            yield str(button["payload"]), str(button.get("title") or button["payload"])


def as_plain_text(text: str) -> str:
    """`text` so that Rasa reads it as words and not as a payload."""
    return _HARMLESS_PREFIX + text[len(PREFIX) :] if text.startswith(PREFIX) else text
