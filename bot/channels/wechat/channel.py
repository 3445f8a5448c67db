"""The official account's connector: `bot.channels.wechat.WeChat` in credentials.yml."""

import asyncio
import hashlib
import json
import logging
from typing import Any

from pydantic import Field, root_validator, validator
from rasa.core.channels.channel import InputChannel
from sanic.request import Request
from sanic.response import HTTPResponse, text

from bot.channels import shared
from bot.channels.aes import Envelope
from bot.channels.api import ApiError
from bot.channels.checks import Refused
from bot.channels.connector import Connector, body_of, query_of
from bot.channels.incoming import Incoming, Media
from bot.channels.options import Options, filled, read_options
from bot.channels.outgoing import Outgoing
from bot.channels.pictures import Pictures
from bot.channels.texts import cut
from bot.channels.wechat.client import WeChatApi, WindowClosed
from bot.channels.wechat.passive import OpenRequests, Waiting
from bot.channels.wechat.protocol import SUCCESS, Passive, fingerprint, open_body, read, verify
from bot.channels.wechat.render import LARGEST_TEXT, messages_of
from bot.conversations import Outgoing as Delivery
from bot.conversations import Stored

logger = logging.getLogger(__name__)

_MEDIA_SECONDS = 2.5 * 86400  # an upload lives for three days
_REMEMBER = 86400.0
# What a customer's act allows us to send, and for how many seconds ("客服消息").
_MESSAGE_QUOTA, _ACT_QUOTA = (5, 48 * 3600.0), (3, 60.0)
_ACTS = {"subscribe", "scan", "click"}
_PATIENCE = 11.0  # seconds until WeChat's third delivery has opened a request
_CLOSED = "顾客 48 小时内没有发过消息，或已连发 5 条，微信不允许再发；等顾客再来消息后重发"


class WeChatOptions(Options):
    """`passive_seconds` is how long an answer is waited for before it goes by the customer-service API.

    Accounts without that API (`customer_service: false`) answer within WeChat's three deliveries or not at all.
    """

    app_id: str
    secret: str = Field(repr=False)
    token: str = Field(repr=False)
    encoding_aes_key: str = Field("", repr=False)
    customer_service: bool = True
    passive_seconds: float = Field(4.0, ge=0, le=4.8)
    window: float = Field(600, ge=0)
    menu: list[dict[str, Any]] | None = None
    api: str = "https://api.weixin.qq.com"

    _filled = validator("app_id", "secret", "token", allow_reuse=True)(filled)

    @root_validator(skip_on_failure=True)
    def _passive_needs_time(cls, values: dict[str, Any]) -> dict[str, Any]:
        if not values["customer_service"] and values["passive_seconds"] < 1:
            raise ValueError("customer_service: false 时 passive_seconds 至少 1")
        return values


class WeChat(Connector):
    """Plain or encrypted callbacks in; passive replies and customer-service messages out."""

    channel = "wechat"
    routes = (("GET", "/webhook", "echo"), ("POST", "/webhook", "receive"))
    joins_texts = True

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls(read_options(WeChatOptions, "bot.channels.wechat.WeChat", credentials))

    def __init__(self, options: WeChatOptions, **given: Any) -> None:
        super().__init__(options, **given)
        self._options = options
        self._envelope = Envelope(options.encoding_aes_key, options.app_id) if options.encoding_aes_key else None
        self._api = WeChatApi(options.api, options.app_id, options.secret, self.url)
        self._requests = OpenRequests()
        self._pictures = Pictures(
            self.url, f"wechat:{options.app_id}", options.public_url, _MEDIA_SECONDS, self._api.media.upload_image
        )

    async def opened(self) -> None:
        if self._options.menu is None:
            return
        digest = hashlib.sha256(json.dumps(self._options.menu, sort_keys=True).encode()).hexdigest()
        key = f"wechat:{self._options.app_id}:menu"
        if await asyncio.to_thread(shared.get_value, self.url, key) == digest:
            return
        try:
            await self._api.create_menu(self._options.menu)
            await asyncio.to_thread(shared.set_value, self.url, key, digest)
        except ApiError as error:
            logger.error("公众号菜单没有更新：%s。请检查 credentials.yml 里的 menu 和接口权限", error)

    async def closed(self) -> None:
        await self._pictures.close()
        await self._api.close()

    async def echo(self, request: Request) -> HTTPResponse:
        """WeChat checks the address when it is entered in its console."""
        query = query_of(request)
        verify(self._options.token, query, self._options.window)
        return text(query.get("echostr", ""))

    async def receive(self, request: Request) -> HTTPResponse | None:
        """A message or event; answered in the response when the answer is quick, else "success"."""
        query = query_of(request)
        verify(self._options.token, query, self._options.window)
        body = await body_of(request)
        fields = open_body(self._options.token, self._envelope, query, body)
        if self._envelope is None:  # then the signature covers no body: it may serve for one body only
            digest = hashlib.sha256(body).hexdigest()
            key = f"wechat:{fingerprint(query)}"
            if not await asyncio.to_thread(shared.bind, self.url, key, digest, _REMEMBER):
                raise Refused("signature was used for another body", 409)
        message = read(fields)
        waiting = self._requests.open(message.customer) if self._options.passive_seconds else None
        try:
            await self._grant(message)
            stored = await self.accept(message)
            if waiting is None or not self._will_be_answered(stored):
                return text(SUCCESS)
            return await self._answer(request, waiting, stored)
        finally:
            if waiting is not None:
                self._requests.close(message.customer, waiting)

    def _will_be_answered(self, stored: Stored | None) -> bool:
        if stored is None or stored.route != "bot" or stored.request is None:
            return False
        # A repeated delivery gets the answer only where there is no other way to send it.
        return stored.new or not self._options.customer_service

    async def _answer(self, request: Request, waiting: Waiting, stored: Stored | None) -> HTTPResponse | None:
        try:
            reply = await asyncio.wait_for(asyncio.shield(waiting.reply), self._options.passive_seconds)
        except asyncio.TimeoutError:
            if not self._options.customer_service and stored is not None and stored.new:
                # No "success": WeChat delivers the message again and so gives the bot another five seconds.
                await asyncio.sleep(5.5 - self._options.passive_seconds)
            return text(SUCCESS)
        response = await request.respond(content_type="application/xml; charset=utf-8")
        assert response is not None
        await response.send(reply, end_stream=True)
        waiting.written.set_result(True)
        return None

    async def _grant(self, message: Incoming) -> None:
        messages, seconds = _ACT_QUOTA if message.kind == "event" else _MESSAGE_QUOTA
        if message.kind != "event" or message.event in _ACTS:
            await asyncio.to_thread(shared.grant_quota, self.url, self._quota(message.customer), messages, seconds)

    def _quota(self, customer: str) -> str:
        return f"wechat:{self._options.app_id}:{customer}"

    async def deliver(self, delivery: Delivery, outgoing: Outgoing) -> str | None:
        customer = str(delivery.address["customer"])
        parts = messages_of(outgoing)
        first = self._passive(delivery.address, outgoing, parts)
        patience = 0.0 if self._options.customer_service else _PATIENCE
        if first is not None and await self._requests.answer(customer, first, patience):
            return "passive"
        if not self._options.customer_service:
            raise ApiError("账号没有客服消息接口，而微信等回复的 15 秒已过")

        async def send(part: dict[str, Any], _key: str) -> None:
            ready = await self._with_uploads(part)
            if ready is None:
                return
            if not await asyncio.to_thread(shared.take_quota, self.url, self._quota(customer)):
                raise WindowClosed(_CLOSED)
            try:
                await self._api.send(customer, ready)
            except WindowClosed as error:
                raise WindowClosed(f"{_CLOSED}（{error}）", code=error.code) from None

        await self.remembered_parts(delivery, parts, send)
        return None

    def _passive(self, address: dict[str, Any], outgoing: Outgoing, parts: list[dict[str, Any]]) -> str | None:
        """The utterance as one passive reply, None where it cannot be said in one."""
        make = Passive(str(address["customer"]), str(address.get("account", "")), self._options.token, self._envelope)
        if len(parts) == 1 and parts[0]["msgtype"] == "news":
            article = parts[0]["news"]["articles"][0]
            return make.news(article["title"], article["description"], article["picurl"], article["url"])
        if not outgoing.image:
            words = outgoing.as_text(images=False)
            if len(words.encode()) <= LARGEST_TEXT:
                return make.text(words)
        return None if self._options.customer_service else make.text(cut(outgoing.as_text(), LARGEST_TEXT))

    async def _with_uploads(self, part: dict[str, Any]) -> dict[str, Any] | None:
        """The message with what WeChat must have first; None for a picture that customers cannot get at."""
        if part["msgtype"] == "news":
            article = part["news"]["articles"][0]
            article = {**article, "picurl": self._pictures.address_of(article["picurl"])}
            return {"msgtype": "news", "news": {"articles": [article]}}
        if part["msgtype"] != "image":
            return part
        source = part["image"]["url"]
        identity = await self._pictures.identity_of(source)
        if identity is not None:
            return {"msgtype": "image", "image": {"media_id": identity}}
        address = self._pictures.address_of(source)
        return {"msgtype": "text", "text": {"content": address}} if address else None

    async def fetch(self, media: Media) -> bytes:
        content, _ = await self._api.media.fetch(media.reference, self.largest_media)
        return content
