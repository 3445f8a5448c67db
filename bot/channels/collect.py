"""What Rasa says, as the contents of the log's messages: collected during a turn, or said at once outside of one."""

import asyncio
from collections.abc import Iterable
from typing import Any

from rasa.core.channels.channel import OutputChannel

from bot.conversations import Store, say

_ABOUT = ("quick_replies", "buttons")


def contents_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The contents of one utterance of Rasa (`text`, `buttons`, `image`, `custom`, …), mostly one."""
    made: dict[str, Any] = {}
    if message.get("text"):
        made["text"] = str(message["text"])
    buttons = [b for key in _ABOUT for b in message.get(key) or [] if isinstance(b, dict)]
    if buttons:
        made["quick_replies"] = [_button(b) for b in buttons]
    if isinstance(message.get("custom"), dict) and message["custom"]:
        made["custom"] = message["custom"]
    more: list[dict[str, Any]] = []
    attachments = []
    if message.get("image"):
        attachments.append({"type": "image", "payload": {"src": str(message["image"])}})
    if message.get("attachment") and message["attachment"] != message.get("image"):
        given = message["attachment"]
        attachments.append(given if isinstance(given, dict) else {"type": "file", "payload": {"src": str(given)}})
    if message.get("elements"):
        elements = {"template_type": "generic", "elements": list(message["elements"])}
        attachments.append({"type": "template", "payload": elements})
    for attachment in attachments:
        if "attachment" in made:
            more.append({"attachment": attachment})
        else:
            made["attachment"] = attachment
    return [content for content in (made, *more) if content]


def _button(button: dict[str, Any]) -> dict[str, Any]:
    title = str(button.get("title") or button.get("payload") or "")
    if button.get("url"):
        return {"content_type": "text", "title": title, "url": str(button["url"])}
    return {"content_type": "text", "title": title, "payload": str(button.get("payload") or title)}


def joined(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`contents` with words followed by words in one message: for platforms that count messages."""
    made: list[dict[str, Any]] = []
    for content in contents:
        if made and set(made[-1]) == {"text"} and "text" in content:
            content = {**content, "text": f"{made[-1]['text']}\n{content['text']}"}
            made.pop()
        made.append(content)
    return made


class CollectingOutput(OutputChannel):
    """Keeps what Rasa says in a turn; it is stored with the end of the turn."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self.contents: list[dict[str, Any]] = []

    def name(self) -> str:  # one class serves all channels
        return self._channel

    async def take(self, recipient_id: str, contents: list[dict[str, Any]]) -> None:
        """Keep `contents`."""
        self.contents += contents

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        await self.take(recipient_id, contents_of(message))

    async def send_text_message(self, recipient_id: str, text: str, **_: Any) -> None:
        await self.take(recipient_id, contents_of({"text": text}))

    async def send_image_url(self, recipient_id: str, image: str, **_: Any) -> None:
        await self.take(recipient_id, contents_of({"image": image}))

    async def send_attachment(self, recipient_id: str, attachment: Any, **_: Any) -> None:
        await self.take(recipient_id, contents_of({"attachment": attachment}))

    async def send_text_with_buttons(
        self, recipient_id: str, text: str, buttons: list[dict[str, Any]], **_: Any
    ) -> None:
        await self.take(recipient_id, contents_of({"text": text, "buttons": buttons}))

    async def send_elements(self, recipient_id: str, elements: Iterable[dict[str, Any]], **_: Any) -> None:
        await self.take(recipient_id, contents_of({"elements": elements}))

    async def send_custom_json(self, recipient_id: str, json_message: dict[str, Any], **_: Any) -> None:
        await self.take(recipient_id, contents_of({"custom": json_message}))


class SayingOutput(CollectingOutput):
    """For what Rasa says by itself (reminders, events from outside): stored and sent at once."""

    def __init__(self, channel: str, store: Store) -> None:
        super().__init__(channel)
        self._store = store

    async def take(self, recipient_id: str, contents: list[dict[str, Any]]) -> None:
        for content in contents:
            await asyncio.to_thread(say, self._store, recipient_id, content)
