"""The WeCom app's connector: `bot.channels.wecom.WeCom` in credentials.yml."""

import asyncio
import logging
from typing import Any

from pydantic import Field, validator
from rasa.core.channels.channel import InputChannel
from sanic.request import Request
from sanic.response import HTTPResponse, text

from bot.channels.aes import Envelope
from bot.channels.api import ApiError
from bot.channels.connector import Connector, body_of, query_of
from bot.channels.incoming import Incoming, Media
from bot.channels.options import Options, filled, read_options
from bot.channels.outgoing import Outgoing
from bot.channels.pictures import Pictures
from bot.channels.wecom.client import WeComApi
from bot.channels.wecom.protocol import echo, open_body, read
from bot.channels.wecom.render import messages_of
from bot.conversations import Outgoing as Delivery
from bot.conversations import Stored

logger = logging.getLogger(__name__)

_MEDIA_SECONDS = 2.5 * 86400  # an upload lives for three days


class EncryptedOptions(Options):
    """What all encrypted callbacks of WeCom need."""

    corp_id: str
    secret: str = Field(repr=False)
    token: str = Field(repr=False)
    encoding_aes_key: str = Field(repr=False)
    window: float = Field(600, ge=0)
    api: str = "https://qyapi.weixin.qq.com"

    _filled = validator("corp_id", "secret", "token", "encoding_aes_key", allow_reuse=True)(filled)

    @validator("encoding_aes_key")
    def _is_key(cls, value: str) -> str:
        Envelope(value, "")
        return value


class WeComOptions(EncryptedOptions):
    """`agent_id` is the app's AgentId."""

    agent_id: int


class WeCom(Connector):
    """Encrypted callbacks in, app messages and template cards out."""

    channel = "wecom"
    routes = (("GET", "/webhook", "echo"), ("POST", "/webhook", "receive"))

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls(read_options(WeComOptions, "bot.channels.wecom.WeCom", credentials))

    def __init__(self, options: WeComOptions, **given: Any) -> None:
        super().__init__(options, **given)
        self._options = options
        self._envelope = Envelope(options.encoding_aes_key, options.corp_id)
        name = str(options.agent_id)
        self._api = WeComApi(options.api, options.corp_id, options.secret, self.url, name)
        self._pictures = Pictures(
            self.url,
            f"wecom:{options.corp_id}:{name}",
            options.public_url,
            _MEDIA_SECONDS,
            self._api.media.upload_image,
        )
        self._closing: set[asyncio.Task[None]] = set()

    async def closed(self) -> None:
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._pictures.close()
        await self._api.close()

    async def echo(self, request: Request) -> HTTPResponse:
        """WeCom checks the address when it is entered in its console; the answer is the bare text."""
        return text(echo(self._options.token, self._envelope, query_of(request), self._options.window))

    async def receive(self, request: Request) -> HTTPResponse:
        """A message or event, acknowledged once it is stored."""
        query, body = query_of(request), await body_of(request)
        message = read(open_body(self._options.token, self._envelope, query, body, self._options.window))
        if message.event == "enter_agent":
            message = Incoming(**{**vars(message), "event": "enter"})
        stored = await self.accept(message)
        if stored is not None and stored.new and message.address.get("response_code"):
            task = asyncio.get_running_loop().create_task(self._close_card(message, stored))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return text("")

    async def _close_card(self, message: Incoming, stored: Stored) -> None:
        """Show on the card which button was pressed; the answer does not depend on it."""
        words = str(stored.content.get("text") or "✓")
        code = str(message.address["response_code"])
        try:
            await self._api.close_card(message.customer, self._options.agent_id, code, words)
        except ApiError as error:
            logger.info("A template card could not be closed: %s", error)

    async def deliver(self, delivery: Delivery, outgoing: Outgoing) -> str | None:
        customer = str(delivery.address["customer"])
        # Only a repeated attempt asks WeCom to compare: the bot may well say the same words twice in half an hour.
        again = {"enable_duplicate_check": 1, "duplicate_check_interval": 1800} if delivery.attempts > 1 else {}

        async def send(part: dict[str, Any], _key: str) -> None:
            ready = await with_uploads(part, self._pictures)
            if ready is not None:
                await self._api.send(customer, self._options.agent_id, {**ready, **again})

        await self.remembered_parts(delivery, messages_of(outgoing, delivery.key), send)
        return None

    async def fetch(self, media: Media) -> bytes:
        content, _ = await self._api.media.fetch(media.reference, self.largest_media)
        return content


async def with_uploads(part: dict[str, Any], pictures: Pictures) -> dict[str, Any] | None:
    """The message with what WeCom must have first; None for a picture that customers cannot get at."""
    if part["msgtype"] == "news":
        articles = [{**a, "picurl": pictures.address_of(a["picurl"])} for a in part["news"]["articles"]]
        return {"msgtype": "news", "news": {"articles": articles}}
    if part["msgtype"] != "image":
        return part
    source = part["image"]["url"]
    identity = await pictures.identity_of(source)
    if identity is not None:
        return {"msgtype": "image", "image": {"media_id": identity}}
    address = pictures.address_of(source)
    return {"msgtype": "text", "text": {"content": address}} if address else None
