"""Utterances as customer-service messages of an official account, as few as possible: five are allowed a turn."""

from typing import Any

from bot.channels.outgoing import Outgoing
from bot.channels.texts import cut, parts_of

LARGEST_TEXT = 2048  # bytes, after "客服消息"
_MENU_ITEMS = 10


def messages_of(outgoing: Outgoing) -> list[dict[str, Any]]:
    """The messages ({"msgtype": …}); an image stands as {"msgtype": "image", "image": {"url": …}} until uploaded."""
    made: list[dict[str, Any]] = []
    if outgoing.image:
        made.append({"msgtype": "image", "image": {"url": outgoing.image}})
    card = outgoing.cards[0] if len(outgoing.cards) == 1 else None
    if card is not None and card.url and not outgoing.buttons_beside_cards:
        if outgoing.text or outgoing.table:
            made += _texts(Outgoing(outgoing.text, table=outgoing.table).as_text())
        article = {
            "title": cut(card.title, 128),
            "description": cut(card.description, 512),
            "url": card.url,
            "picurl": card.image,
        }
        return [*made, {"msgtype": "news", "news": {"articles": [article]}}]
    if 0 < len(outgoing.choices) <= _MENU_ITEMS:
        head = _words_before_menu(outgoing)
        if len(head.encode()) <= LARGEST_TEXT:
            items = [
                {"id": str(number), "content": f"{number}. {button.title}"}
                for number, button in enumerate(outgoing.choices, 1)
            ]
            menu = {"head_content": head, "list": items, "tail_content": ""}
            return [*made, {"msgtype": "msgmenu", "msgmenu": menu}]
    words = outgoing.as_text(images=False)
    return made + _texts(words) if words else made


def _words_before_menu(outgoing: Outgoing) -> str:
    links = tuple(button for button in outgoing.buttons if button.url)
    cards = tuple(card for card in outgoing.cards if card.description or card.url or card.button is None)
    return Outgoing(outgoing.text, links, cards=cards, table=outgoing.table).as_text(numbered=False)


def _texts(words: str) -> list[dict[str, Any]]:
    return [{"msgtype": "text", "text": {"content": part}} for part in parts_of(words, LARGEST_TEXT)]
