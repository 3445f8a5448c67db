"""Utterances as Feishu messages: words, or an interactive card when there is something to press or to look at.

After 飞书开放平台 "发送消息内容" and "卡片 JSON 1.0 结构" (buttons return their `value` with card.action.trigger).
"""

from typing import Any

from bot.channels.outgoing import Button, Outgoing
from bot.channels.texts import parts_of

_LARGEST_TEXT = 100 * 1024  # bytes; a text message may have 150 KB
_LARGEST_CARD_TEXT = 20 * 1024  # a card 30 KB
_SPECIAL = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "*": "&#42;",
    "~": "&#126;",
    "[": "&#91;",
    "]": "&#93;",
    "_": "&#95;",
}
_ESCAPE = str.maketrans(_SPECIAL)


def messages_of(outgoing: Outgoing, chat: str = "") -> list[tuple[str, dict[str, Any]]]:
    """(msg_type, content) of each message; an image stands as {"url": …} until uploaded. `chat` is set in groups."""
    made: list[tuple[str, dict[str, Any]]] = []
    if outgoing.image:
        made.append(("image", {"url": outgoing.image}))
    rich = outgoing.buttons or outgoing.cards or outgoing.table
    if rich and len(outgoing.as_text().encode()) <= _LARGEST_CARD_TEXT:
        return [*made, ("interactive", _card(outgoing, chat))]
    words = outgoing.as_text(images=False)
    return made + [("text", {"text": part}) for part in parts_of(words, _LARGEST_TEXT)] if words else made


def _card(outgoing: Outgoing, chat: str) -> dict[str, Any]:
    elements: list[dict[str, Any]] = []
    if outgoing.text:
        elements.append(_markdown(_plain(outgoing.text)))
    for row in outgoing.table:
        columns = [
            {"tag": "column", "width": "weighted", "weight": 1, "elements": [_markdown(_plain(cell))]} for cell in row
        ]
        elements.append({"tag": "column_set", "flex_mode": "none", "columns": columns})
    for card in outgoing.cards:
        title = f"**{_plain(card.title)}**"
        if card.url:
            title = f"[{_plain(card.title)}]({_link(card.url)})"
        elements.append(_markdown("\n".join(part for part in (title, _plain(card.description)) if part)))
        if card.button is not None:
            elements.append({"tag": "action", "actions": [_button(card.button, chat, "default")]})
    buttons = outgoing.buttons_beside_cards
    if buttons:
        actions = [_button(b, chat, "primary" if number == 0 else "default") for number, b in enumerate(buttons)]
        elements.append({"tag": "action", "actions": actions})
    return {"config": {"wide_screen_mode": True}, "elements": elements}


def _button(button: Button, chat: str, style: str) -> dict[str, Any]:
    made: dict[str, Any] = {"tag": "button", "text": {"tag": "plain_text", "content": button.title}, "type": style}
    if button.url:
        return {**made, "url": button.url}
    return {**made, "value": {"payload": button.payload, **({"chat": chat} if chat else {})}}


def _markdown(content: str) -> dict[str, Any]:
    return {"tag": "markdown", "content": content}


def _plain(words: str) -> str:
    """`words` so that no character of them works as markup."""
    return words.translate(_ESCAPE)


def _link(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
