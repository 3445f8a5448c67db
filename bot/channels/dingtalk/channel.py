"""The DingTalk robot's connector: `bot.channels.dingtalk.DingTalk` in credentials.yml."""

from typing import Any

from pydantic import Field, root_validator, validator
from rasa.core.channels.channel import InputChannel
from sanic.request import Request
from sanic.response import HTTPResponse, json, raw

from bot.channels.aes import Envelope
from bot.channels.api import ApiError
from bot.channels.checks import Refused
from bot.channels.connector import Connector, body_of, query_of
from bot.channels.dingtalk.client import DingTalkApi
from bot.channels.dingtalk.protocol import event_received, open_event, read, verify
from bot.channels.dingtalk.render import Message, messages_of
from bot.channels.incoming import Media
from bot.channels.options import Options, filled, read_options
from bot.channels.outgoing import Outgoing
from bot.conversations import Outgoing as Delivery


class DingTalkOptions(Options):
    """The robot app's credentials; `token` and `encoding_aes_key` only where events are subscribed to as well."""

    app_key: str
    secret: str = Field(repr=False)
    robot_code: str = ""
    token: str = Field("", repr=False)
    encoding_aes_key: str = Field("", repr=False)
    session_hosts: tuple[str, ...] = ("https://oapi.dingtalk.com",)
    api: str = "https://api.dingtalk.com"

    _filled = validator("app_key", "secret", allow_reuse=True)(filled)

    @root_validator(skip_on_failure=True)
    def _events_complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        if bool(values["token"]) != bool(values["encoding_aes_key"]):
            raise ValueError("订阅事件时 token 和 encoding_aes_key 要一起写")
        if values["encoding_aes_key"]:
            Envelope(values["encoding_aes_key"], "")
        return values


class DingTalk(Connector):
    """A robot's messages in; the session webhook, then the robot API, out."""

    channel = "dingtalk"
    routes = (("POST", "/webhook", "receive"), ("POST", "/events", "event"))

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls(read_options(DingTalkOptions, "bot.channels.dingtalk.DingTalk", credentials))

    def __init__(self, options: DingTalkOptions, **given: Any) -> None:
        super().__init__(options, **given)
        self._options = options
        self._robot = options.robot_code or options.app_key
        self._envelope = Envelope(options.encoding_aes_key, options.app_key) if options.encoding_aes_key else None
        self._api = DingTalkApi(options.api, options.app_key, options.secret, self._robot, self.url)

    async def closed(self) -> None:
        await self._api.close()

    async def receive(self, request: Request) -> HTTPResponse:
        """A message to the robot, acknowledged once it is stored."""
        verify(self._options.secret, request.headers)
        message = read(self._robot, self._options.session_hosts, await body_of(request))
        await self.accept(message, message.customer[-128:])
        return json({})

    async def event(self, request: Request) -> HTTPResponse:
        """An encrypted event, among them the check of our address; the robot needs none of them."""
        if self._envelope is None:
            raise Refused("events are not set up", 404)
        open_event(self._options.token, self._envelope, query_of(request), await body_of(request))
        return raw(event_received(self._options.token, self._envelope), content_type="application/json")

    async def deliver(self, delivery: Delivery, outgoing: Outgoing) -> str | None:
        async def send(part: Message, _key: str) -> None:
            await self._api.send(delivery.address, part)

        await self.remembered_parts(delivery, messages_of(outgoing), send)
        return None

    async def fetch(self, media: Media) -> bytes:
        if not media.reference:
            raise ApiError("message without a file")
        content, _ = await self._api.file(media.reference, self.largest_media)
        return content
