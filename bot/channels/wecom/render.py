"""Utterances as app messages of WeCom: words, a card of links, or a template card with buttons.

Limits after "发送应用消息": text 2048 bytes; news 1 to 8 articles; a card of buttons has 1 to 6, a title of 128 bytes
at most, keys of 1024 bytes.
"""

from typing import Any

from bot.channels.outgoing import Outgoing
from bot.channels.texts import cut, parts_of

LARGEST_TEXT = 2048
_BUTTONS, _BUTTON_KEY, _CARD_WORDS = 6, 1024, 500


def messages_of(outgoing: Outgoing, task: str) -> list[dict[str, Any]]:
    """The messages ({"msgtype": …}); `task` names the card, the same for each attempt at sending it."""
    made: list[dict[str, Any]] = []
    if outgoing.image:
        made.append({"msgtype": "image", "image": {"url": outgoing.image}})
    linked = [card for card in outgoing.cards if card.url]
    if linked and len(linked) == len(outgoing.cards) <= 8 and not outgoing.choices:
        if outgoing.text or outgoing.table:
            made += _texts(Outgoing(outgoing.text, table=outgoing.table).as_text())
        return [*made, {"msgtype": "news", "news": {"articles": [_article(card) for card in linked]}}]
    if _fits_card(outgoing):
        return [*made, {"msgtype": "template_card", "template_card": _card(outgoing, task)}]
    words = outgoing.as_text(images=False)
    return made + _texts(words) if words else made


def _fits_card(outgoing: Outgoing) -> bool:
    choices = outgoing.choices
    return (
        0 < len(choices) <= _BUTTONS
        and all(len(button.payload.encode()) <= _BUTTON_KEY for button in choices)
        and not any(button.url for button in outgoing.buttons)
        and not outgoing.table
        and len(_words(outgoing).encode()) <= _CARD_WORDS
    )


def _words(outgoing: Outgoing) -> str:
    cards = tuple(card for card in outgoing.cards if card.description or card.button is None)
    return Outgoing(outgoing.text, cards=cards).as_text(numbered=False)


def _card(outgoing: Outgoing, task: str) -> dict[str, Any]:
    words = _words(outgoing) or "？"
    title, _, rest = words.partition("\n")
    if len(title.encode()) > 128:
        title, rest = "", words
    card: dict[str, Any] = {
        "card_type": "button_interaction",
        "task_id": task,
        "button_list": [
            {"text": button.title, "style": 1 if number == 0 else 2, "key": button.payload}
            for number, button in enumerate(outgoing.choices)
        ],
    }
    if title:
        card["main_title"] = {"title": title}
    if rest:
        card["sub_title_text"] = rest
    return card


def _article(card: Any) -> dict[str, str]:
    return {
        "title": cut(card.title, 128),
        "description": cut(card.description, 512),
        "url": card.url,
        "picurl": card.image,
    }


def _texts(words: str) -> list[dict[str, Any]]:
    return [{"msgtype": "text", "text": {"content": part}} for part in parts_of(words, LARGEST_TEXT)]
