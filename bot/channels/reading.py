"""A customer's message as the log keeps it and as the bot gets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels import payloads
from bot.channels.choices import choose
from bot.channels.incoming import Incoming
from bot.channels.media import PHOTOS
from bot.channels.outgoing import Button, from_content
from bot.conversations import Stored

LONGEST = 2000  # characters that the bot reads of one message
# Intents by which a bot that has them hears of what has no words; see `bot.channels.wordless` for one that has not.
_WORDLESS = {"image": "/sent_image", "voice": "/sent_voice", "file": "/sent_file"}
_GREETED = ("subscribe", "enter")


@dataclass(frozen=True)
class Read:
    """`content` for pages, `request` for the bot (None: nothing to answer)."""

    content: dict[str, Any]
    request: dict[str, Any] | None


def read(incoming: Incoming, recent: Sequence[Stored], media_src: str = "") -> Read | None:
    """How to keep and answer the message after `recent` ones; None for what needs neither.

    `media_src` is where pages will find its file.
    """
    text = incoming.text.strip()[:LONGEST]
    metadata = dict(incoming.metadata)
    if incoming.payload or incoming.kind == "event":
        return _pressed(incoming, recent, text, metadata)
    if incoming.kind == "location":
        place = " ".join(part for part in (text, _coordinates(metadata)) if part)
        return Read(
            {"text": f"[位置] {place}".strip()}, _request(payloads.as_plain_text(text), metadata) if text else None
        )
    if incoming.kind == "image":
        content = {"attachment": {"type": "image", "payload": {"src": media_src}}}
        metadata[PHOTOS] = [media_src]
        words = payloads.as_plain_text(text) if text else _WORDLESS["image"]
        return Read(content if not text else {"text": text, **content}, _request(words, metadata))
    if incoming.kind in ("voice", "file"):
        content = {"attachment": {"type": incoming.kind, "payload": {"src": media_src}}}
        if text:
            return Read({"text": text, **content}, _request(payloads.as_plain_text(text), metadata))
        return Read(content, _request(_WORDLESS[incoming.kind], metadata))
    if not text:
        return None
    chosen = choose(text, latest_choices(recent))
    if chosen is not None:
        return Read({"text": chosen.title}, _request(chosen.payload, metadata))
    return Read({"text": text}, _request(payloads.as_plain_text(text), metadata, join=True))


def _pressed(incoming: Incoming, recent: Sequence[Stored], text: str, metadata: dict[str, Any]) -> Read | None:
    offered = payloads.offered(recent)
    if incoming.payload and (incoming.trusted or incoming.payload in offered):
        title = text or offered.get(incoming.payload) or ""
        return Read({"text": title} if title else {"hidden": True}, _request(incoming.payload, metadata))
    if incoming.event in _GREETED:
        return Read({"hidden": True}, _request("/greet", metadata)) if not recent else None
    if not text:
        return None  # a button of long ago, or an event that says nothing
    chosen = choose(text, latest_choices(recent))
    if chosen is not None:
        return Read({"text": chosen.title}, _request(chosen.payload, metadata))
    return Read({"text": text}, _request(payloads.as_plain_text(text), metadata))


def latest_choices(recent: Sequence[Stored]) -> tuple[Button, ...]:
    """What the bot's latest words offer; nothing once a person has spoken."""
    heard = False
    for message in reversed(recent):
        if message.author == "customer":
            if heard:
                break
            continue
        if message.author != "bot":
            break
        heard = True
        outgoing = from_content(message.content)
        if outgoing is not None and outgoing.choices:
            return outgoing.choices
    return ()


def _request(text: str, metadata: dict[str, Any], join: bool = False) -> dict[str, Any]:
    return {"text": text, "metadata": metadata, **({"join": True} if join else {})}


def _coordinates(metadata: dict[str, Any]) -> str:
    found = [str(metadata[key]) for key in ("latitude", "longitude") if metadata.get(key)]
    return f"({', '.join(found)})" if found else ""
