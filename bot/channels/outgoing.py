"""What the bot says, once for all channels: made of the parts that Rasa's responses have.

Each channel renders what its platform can show; `as_text` is what remains everywhere: words, links and numbered
choices, which `bot.channels.choices` understands when the customer answers "2".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Button:
    """A choice; with a `url` it opens a page and brings nothing back."""

    title: str
    payload: str = ""
    url: str = ""


@dataclass(frozen=True)
class Card:
    """Something to look at, mostly a product; `button` is what it offers."""

    title: str
    description: str = ""
    image: str = ""
    url: str = ""
    button: Button | None = None


@dataclass(frozen=True)
class Outgoing:
    """One utterance; every part may be empty, but not all of them."""

    text: str = ""
    buttons: tuple[Button, ...] = ()
    image: str = ""
    cards: tuple[Card, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()

    @property
    def choices(self) -> tuple[Button, ...]:
        """The buttons that come back in the order of their numbers: those of cards, then others; none twice."""
        offered = (*(c.button for c in self.cards if c.button), *self.buttons)
        return tuple({b.payload: b for b in reversed(offered) if b.payload}.values())[::-1]

    def as_text(self, numbered: bool = True, images: bool = True) -> str:
        """Everything in words; `numbered` choices tell the customer what to answer."""
        lines = [self.text] if self.text else []
        lines += [" ｜ ".join(row) for row in self.table]
        numbers = {b.payload: f"{number}. " for number, b in enumerate(self.choices, 1)} if numbered else {}
        for card in self.cards:
            number = numbers.pop(card.button.payload, "") if card.button else ""
            lines.append(number + "　".join(part for part in (card.title, card.description, card.url) if part))
        for button in self.buttons:
            if button.url:
                lines.append(f"{button.title}：{button.url}")
            elif number := numbers.pop(button.payload, ""):
                lines.append(number + button.title)
        if images and self.image:
            lines.append(self.image)
        return "\n".join(lines)

    @property
    def buttons_beside_cards(self) -> tuple[Button, ...]:
        """The buttons that no card offers already."""
        on_cards = {c.button.payload for c in self.cards if c.button}
        return tuple(b for b in self.buttons if b.url or b.payload not in on_cards)


def from_content(content: dict[str, Any]) -> Outgoing | None:
    """The utterance in a message of the log (`text`, `quick_replies`, `attachment`, `custom`); None when it is empty.

    Unknown kinds of `custom` say nothing in a channel that cannot show them.
    """
    buttons = [_button(item) for item in _dicts(content.get("quick_replies"))]
    image = ""
    table: tuple[tuple[str, ...], ...] = ()
    cards: list[Card] = []
    attachment = content.get("attachment")
    if isinstance(attachment, dict):
        image, cards = _attachment(attachment)
    custom = content.get("custom")
    if isinstance(custom, dict):
        cards += [_product(item) for item in _dicts(custom.get("cards"))]
        table = _table(custom.get("rows"))
    made = Outgoing(
        text=str(content.get("text") or ""),
        buttons=tuple(b for b in buttons if b.title),
        image=image,
        cards=tuple(c for c in cards if c.title),
        table=table,
    )
    return None if made == Outgoing() else made


def _dicts(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _button(item: dict[str, Any]) -> Button:
    title = str(item.get("title") or item.get("payload") or "")
    url = str(item.get("url") or "")
    return Button(title, "" if url else str(item.get("payload") or title), url)


def _attachment(attachment: dict[str, Any]) -> tuple[str, list[Card]]:
    payload = attachment.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    if attachment.get("type") == "image":
        return str(payload.get("src") or ""), []
    elements = payload.get("elements")
    return "", [_element(item) for item in _dicts(elements if isinstance(elements, list) else [elements])]


def _element(item: dict[str, Any]) -> Card:
    """An element of Rasa's `send_elements`, as in Facebook's generic template."""
    action = item.get("default_action")
    url = str(action.get("url") or "") if isinstance(action, dict) else ""
    buttons = [_button(b) for b in _dicts(item.get("buttons"))]
    return Card(
        title=str(item.get("title") or ""),
        description=str(item.get("subtitle") or ""),
        image=str(item.get("image_url") or ""),
        url=url,
        button=next((b for b in buttons if b.payload), None),
    )


def _product(item: dict[str, Any]) -> Card:
    facts = (str(item[key]) for key in ("price", "stock_text") if item.get(key))
    title, payload = str(item.get("title") or ""), str(item.get("payload") or "")
    return Card(
        title=title,
        description="　".join(facts),
        image=str(item.get("image") or ""),
        url=str(item.get("url") or ""),
        button=Button(title, payload) if payload else None,
    )


def _table(rows: Any) -> tuple[tuple[str, ...], ...]:
    """The rows of a comparison: lists of texts."""
    if not isinstance(rows, list):
        return ()
    return tuple(tuple(str(cell) for cell in row) for row in rows if isinstance(row, Iterable) and row)
