"""What the bot says to a web page, as the log holds it; the channel sends from the log."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from rasa.core.channels.channel import OutputChannel

from bot.conversations import Store, say

logger = logging.getLogger(__name__)


class WebOutput(OutputChannel):
    """Collects the bot's replies of one turn in `replies`, to be stored together; without it each is stored at once.

    Recipients are conversation ids. Contents carry Rasa's own keys (`text`, `quick_replies`, `attachment`) or `custom`.
    """

    @classmethod
    def name(cls) -> str:
        return "webchat"

    def __init__(self, store: Store, replies: list[dict[str, Any]] | None = None) -> None:
        self._store = store
        self._replies = replies

    async def say(self, conversation_id: str, content: dict[str, Any]) -> None:
        """One message of the bot."""
        if self._replies is not None:
            self._replies.append(content)
            return
        try:
            await asyncio.to_thread(say, self._store, conversation_id, content)
        except LookupError:
            logger.warning("No web conversation %s, the message is dropped", conversation_id)

    async def send_text_message(self, recipient_id: str, text: str, **_: Any) -> None:
        for part in _parts(text):
            await self.say(recipient_id, {"text": part})

    async def send_text_with_buttons(
        self, recipient_id: str, text: str, buttons: list[dict[str, Any]], **_: Any
    ) -> None:
        *before, last = _parts(text)
        for part in before:
            await self.say(recipient_id, {"text": part})
        replies = [
            {"content_type": "text", "title": button["title"], "payload": button.get("payload") or button["title"]}
            for button in buttons
        ]
        await self.say(recipient_id, {"text": last, "quick_replies": replies})

    async def send_image_url(self, recipient_id: str, image: str, **_: Any) -> None:
        await self.send_attachment(recipient_id, {"type": "image", "payload": {"src": image}})

    async def send_attachment(self, recipient_id: str, attachment: Any, **_: Any) -> None:
        await self.say(recipient_id, {"attachment": attachment})

    async def send_elements(self, recipient_id: str, elements: Iterable[dict[str, Any]], **_: Any) -> None:
        for element in elements:
            payload = {"template_type": "generic", "elements": element}
            await self.send_attachment(recipient_id, {"type": "template", "payload": payload})

    async def send_custom_json(self, recipient_id: str, json_message: dict[str, Any], **_: Any) -> None:
        await self.say(recipient_id, {"custom": json_message})


def parts_of(contents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """`contents` as this output would have kept them: a text of several paragraphs is several messages."""
    found: list[dict[str, Any]] = []
    for content in contents:
        if "text" in content:
            *before, last = _parts(content["text"])
            found += [{"text": part} for part in before]
            content = {**content, "text": last}
        found.append(content)
    return found


def _parts(text: str) -> list[str]:
    return [part for part in (text or "").strip().split("\n\n") if part.strip()] or [""]
