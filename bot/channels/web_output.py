"""What the bot says to a web page: stored first, then sent to every page that shows the conversation."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from rasa.core.channels.channel import OutputChannel
from socketio import AsyncServer

from bot.channels import log
from bot.channels.lanes import Lanes

logger = logging.getLogger(__name__)


class WebOutput(OutputChannel):
    """Sends through the chat log; a page that is away gets the messages when it comes back.

    Recipients are conversation ids. Events carry Rasa's own keys (`text`, `quick_replies`, `attachment`) or `custom`,
    and beside them the message's `id`, `author` and `time`.
    """

    @classmethod
    def name(cls) -> str:
        return "webchat"

    def __init__(
        self, sio: AsyncServer, url: str, lanes: Lanes, event: str, namespace: str | None, answers: int | None = None
    ) -> None:
        self._sio = sio
        self._url = url
        self._lanes = lanes
        self._event = event
        self._namespace = namespace
        self._answers = answers

    async def say(self, conversation_id: str, content: dict[str, Any]) -> None:
        """Store one message of the bot and send it."""
        lane = self._lanes[conversation_id]
        async with lane.lock:
            try:
                stored = await asyncio.to_thread(
                    log.append, self._url, conversation_id, log.BOT, content, answers=self._answers
                )
            except LookupError:
                logger.warning("No web conversation %s, the message is dropped", conversation_id)
                return
            await self._sio.emit(self._event, stored.to_wire(), room=conversation_id, namespace=self._namespace)

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


def _parts(text: str) -> list[str]:
    return [part for part in (text or "").strip().split("\n\n") if part.strip()] or [""]
