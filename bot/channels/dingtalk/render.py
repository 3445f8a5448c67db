"""Utterances as DingTalk messages: words, markdown, or an action card whose buttons say their words for the customer.

A button's address dtmd://dingtalkclient/sendMessage?content=… makes the client send that text as the customer's own
message ("自定义机器人接入 · ActionCard", "dtmd 协议"); so an answer comes back as the button's title.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.channels.outgoing import Button, Outgoing
from bot.channels.texts import cut, parts_of

LARGEST_TEXT = 15_000  # bytes; a message may have 20 KB
_SAY = "dtmd://dingtalkclient/sendMessage?content="
_ROBOT_CARD = 5  # the robot API has templates for two to five buttons


@dataclass(frozen=True)
class Message:
    """One message in the forms of both ways to send it."""

    session: dict[str, Any]
    key: str
    parameters: dict[str, Any]


def messages_of(outgoing: Outgoing) -> list[Message]:
    """The messages, few and in order."""
    choices, links = outgoing.choices, [b for b in outgoing.buttons if b.url]
    buttons = [*choices, *links]
    if 0 < len(buttons) <= _ROBOT_CARD:
        return [_card(outgoing, buttons)]
    words = outgoing.as_text(images=False)
    if outgoing.image or any(card.image or card.url for card in outgoing.cards) or outgoing.table:
        return [_markdown(_markdown_of(outgoing, numbered=True))]
    return [_text(part) for part in parts_of(words, LARGEST_TEXT)] if words else []


def _text(words: str) -> Message:
    return Message({"msgtype": "text", "text": {"content": words}}, "sampleText", {"content": words})


def _markdown(words: str) -> Message:
    title = _title(words)
    content = {"title": title, "text": words}
    return Message({"msgtype": "markdown", "markdown": content}, "sampleMarkdown", content)


def _card(outgoing: Outgoing, buttons: list[Button]) -> Message:
    words = _markdown_of(outgoing, numbered=False) or "？"
    title = _title(words)
    addresses = [button.url or _SAY + quote(button.title, safe="") for button in buttons]
    session = {
        "msgtype": "actionCard",
        "actionCard": {
            "title": title,
            "text": words,
            "btnOrientation": "0",
            "btns": [
                {"title": button.title, "actionURL": address}
                for button, address in zip(buttons, addresses, strict=True)
            ],
        },
    }
    if len(buttons) == 1:
        single = {"title": title, "text": words, "singleTitle": buttons[0].title, "singleURL": addresses[0]}
        return Message(session, "sampleActionCard", single)
    parameters = {"title": title, "text": words}
    for number, (button, address) in enumerate(zip(buttons, addresses, strict=True), 1):
        parameters |= {f"actionTitle{number}": button.title, f"actionURL{number}": address}
    return Message(session, f"sampleActionCard{len(buttons)}", parameters)


def _markdown_of(outgoing: Outgoing, numbered: bool) -> str:
    """The utterance as markdown; single line ends vanish in DingTalk unless two spaces stand before them."""
    words = Outgoing(
        outgoing.text, () if not numbered else outgoing.buttons, cards=outgoing.cards, table=outgoing.table
    ).as_text(numbered=numbered, images=False)
    lines = [line.rstrip() for line in words.split("\n")] if words else []
    pictures = [outgoing.image, *(card.image for card in outgoing.cards)]
    lines += [f"![]({address})" for address in pictures if address.startswith(("https://", "http://"))]
    return cut("  \n".join(lines), LARGEST_TEXT)


def _title(words: str) -> str:
    return cut(words.split("\n", 1)[0].strip(), 60) or "…"
