"""Utterances as messages of 微信客服, as few as possible: five are allowed after each message of the customer.

Limits after "发送消息": text 2048 bytes; a menu has at most ten entries, their ids and words 128 bytes each, and a head
of 1024 bytes.
"""

from typing import Any

from bot.channels.outgoing import Outgoing
from bot.channels.texts import parts_of

LARGEST_TEXT = 2048
_ENTRIES, _ENTRY, _HEAD = 10, 128, 1024


def messages_of(outgoing: Outgoing) -> list[dict[str, Any]]:
    """The messages ({"msgtype": …}); a menu's entries carry their payloads as ids where these are short enough."""
    made: list[dict[str, Any]] = []
    if outgoing.image:
        made.append({"msgtype": "image", "image": {"url": outgoing.image}})
    links = [button for button in outgoing.buttons if button.url]
    choices = outgoing.choices
    cards = tuple(card for card in outgoing.cards if card.description or card.url or card.button is None)
    head = Outgoing(outgoing.text, cards=cards, table=outgoing.table).as_text(numbered=False)
    fits = len(head.encode()) <= _HEAD and len(choices) + len(links) <= _ENTRIES
    if choices and fits and all(len(b.title.encode()) <= _ENTRY for b in (*choices, *links)):
        entries: list[dict[str, Any]] = [
            {"type": "click", "click": {"id": _id_of(button.payload), "content": button.title}} for button in choices
        ]
        entries += [{"type": "view", "view": {"url": link.url, "content": link.title}} for link in links]
        return [*made, {"msgtype": "msgmenu", "msgmenu": {"head_content": head, "list": entries}}]
    words = outgoing.as_text(images=False)
    return (
        made + [{"msgtype": "text", "text": {"content": part}} for part in parts_of(words, LARGEST_TEXT)]
        if words
        else made
    )


def _id_of(payload: str) -> str:
    # A longer payload is found again by the entry's words, which come back beside the id.
    return payload if len(payload.encode()) <= _ENTRY else "-"
