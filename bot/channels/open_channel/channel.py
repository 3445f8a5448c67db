"""The open channel's connector: `bot.channels.open_channel.OpenChannel` in credentials.yml."""

import asyncio
import json
import re
from typing import Any

from pydantic import BaseModel, Extra, Field, validator
from rasa.core.channels.channel import InputChannel
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from bot.channels import shared
from bot.channels.api import ApiError, Client, retry_after
from bot.channels.checks import Refused
from bot.channels.connector import Connector, body_of
from bot.channels.incoming import Media
from bot.channels.open_channel.protocol import SOURCE, WINDOW, push, read, signed_headers, verify
from bot.channels.options import Options, filled, read_options
from bot.channels.outgoing import Outgoing
from bot.conversations import Outgoing as Delivery

_NAME = re.compile(r"[a-z0-9_-]{1,32}")
_SHORTEST_SECRET = 32


class Source(BaseModel):
    """One platform behind an adapter: its secret, where answers are pushed to, and which sites hold its files."""

    secret: str = Field(repr=False)
    push_url: str
    file_hosts: list[str] = []

    class Config:
        extra = Extra.forbid

    @validator("secret")
    def _long_enough(cls, value: str) -> str:
        if len(filled(value)) < _SHORTEST_SECRET:
            raise ValueError(f"secret 至少 {_SHORTEST_SECRET} 个字符，可用 openssl rand -hex 32 生成")
        return value

    @validator("push_url")
    def _is_url(cls, value: str) -> str:
        # On the machine itself plain HTTP harms nobody; elsewhere the customer's words would be readable on the way.
        if not re.fullmatch(r"https://[^\s]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s]*)?", value):
            raise ValueError("push_url 要以 https:// 开头（本机的适配器可用 http://127.0.0.1）")
        return value

    @validator("file_hosts", each_item=True)
    def _is_origin(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?", value):
            raise ValueError(f"file_hosts 里的“{value}”要写成 https://img.example.com 这样，结尾不带斜杠")
        return value


class OpenOptions(Options):
    """`sources` are the platforms by name, such as taobao, jd."""

    sources: dict[str, Source]

    @validator("sources")
    def _named(cls, value: dict[str, Source]) -> dict[str, Source]:
        wrong = [name for name in value if not _NAME.fullmatch(name)]
        if wrong or not value:
            raise ValueError("sources 里每个平台起一个小写英文名，如 taobao")
        return value


class OpenChannel(Connector):
    """Signed messages in, signed pushes out."""

    channel = "open"
    routes = (("POST", "/webhook", "receive"),)

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls(read_options(OpenOptions, "bot.channels.open_channel.OpenChannel", credentials))

    def __init__(self, options: OpenOptions, **given: Any) -> None:
        super().__init__(options, **given)
        self._sources = options.sources
        self._http = Client("")

    async def closed(self) -> None:
        await self._http.close()

    async def receive(self, request: Request) -> HTTPResponse:
        """One signed message: 200 once it is stored, whether it came before or not."""
        name = request.headers.get(SOURCE, "")
        source = self._sources.get(name)
        body = await body_of(request)
        if source is None:
            raise Refused("unknown source")
        nonce = verify(source.secret, request.headers, body)
        if not await asyncio.to_thread(shared.first_time, self.url, f"open:{name}:{nonce}", 2 * WINDOW):
            raise Refused("nonce was used before", 409)
        message = read(name, body, source.file_hosts)
        stored = await self.accept(message, f"{name}:{message.customer}"[:128])
        return json_response({"ok": True, "duplicate": stored is not None and not stored.new})

    async def deliver(self, delivery: Delivery, outgoing: Outgoing) -> str | None:
        name = str(delivery.address.get("source"))
        source = self._sources.get(name)
        if source is None:
            raise ApiError(f"credentials.yml 里没有来源 {name}")
        message = push(delivery.key, str(delivery.address["customer"]), delivery.message.author, outgoing)
        body = json.dumps(message, ensure_ascii=False).encode()
        headers = signed_headers(source.secret, name, body)
        status, answered, _ = await self._http.send("POST", source.push_url, data=body, headers=headers)
        if status == 409 or 200 <= status < 300:  # 409: the adapter has it from an earlier attempt
            return delivery.key
        again = status >= 500 or status in (408, 425, 429)
        raise ApiError(f"push: HTTP {status}", code=status, again=again, wait=retry_after(answered))

    async def fetch(self, media: Media) -> bytes:
        status, _, content = await self._http.send("GET", media.url, largest=self.largest_media)
        if status != 200:
            raise ApiError(f"file: HTTP {status}", code=status, again=status >= 500)
        return content
