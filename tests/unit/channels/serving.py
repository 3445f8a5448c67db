"""Runs a real connector on a real Sanic server, with a bot that the test writes, beside a fake platform of aiohttp."""

import asyncio
import base64
import socket
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import async_timeout
from aiohttp import web
from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from bot.channels.connector import Connector
from bot.conversations import Store, history, open_conversation
from bot.conversations.bus import Bus
from bot.settings import Operations, Settings

Bot = Callable[[UserMessage], Awaitable[Any]]
QUICK = {"join_seconds": 0.0, "send_attempts": 4, "messages_per_minute": 6000}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


async def echo(message: UserMessage) -> None:
    """Repeats the customer's words."""
    await message.output_channel.send_response(message.sender_id, {"text": f"回：{message.text}"})


class Running:
    """One process of a channel as the test drives it; several may share the store at `var`."""

    def __init__(
        self,
        make: Callable[..., Connector],
        var: Path,
        bot: Bot = echo,
        *,
        chat_url: str = "",
        agent: Any = None,
        **numbers: Any,
    ) -> None:
        settings = Settings(var=var, chat_url=chat_url, operations=Operations(channels={**QUICK, **numbers}))
        self.store = Store(settings.chat_url, Bus())
        self.connector = make(settings=settings, store=self.store)
        self.asked: list[UserMessage] = []
        self._bot = bot
        self._agent = agent  # Rasa's, whose domain the channel reads
        self.stopped = False

    async def _ask(self, message: UserMessage) -> None:
        self.asked.append(message)
        await self._bot(message)

    @property
    def heard(self) -> list[str]:
        """The texts that the bot got."""
        return [message.text for message in self.asked]

    async def start(self) -> "Running":
        app = Sanic(f"channel{uuid.uuid4().hex[:8]}", configure_logging=False)
        app.ctx.agent = self._agent
        app.blueprint(self.connector.blueprint(self._ask), url_prefix=f"/webhooks/{self.connector.channel}")
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}/webhooks/{self.connector.channel}"
        self._server = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
        await self._server.startup()
        await self._server.before_start()
        await self._server.start_serving()
        await self._server.after_start()
        return self

    async def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            await self._server.before_stop()
            await self._server.close()

    def texts(self, account: str) -> list[tuple[str, str]]:
        """(author, text) of the account's conversation."""
        conversation = open_conversation(self.store, self.connector.channel, account)
        return [(m.author, m.content.get("text", "")) for m in history(self.store, conversation, limit=500)]


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait until `condition()` holds."""
    async with async_timeout.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class Platform:
    """A fake platform: an aiohttp server with the handlers that a test's class adds in `routes`."""

    def __init__(self) -> None:
        self.app = web.Application()
        self.http = aiohttp.ClientSession()
        self.calls: list[tuple[str, Any]] = []
        self.photo: bytes | None = PNG  # the file of every picture; None: the platform has trouble with its files
        self.fetched = 0  # how often one was fetched

    def file(self) -> web.Response:
        """The answer to whoever fetches a customer's picture."""
        self.fetched += 1
        if self.photo is None:
            return web.Response(status=500)
        return web.Response(body=self.photo, content_type="image/png")

    async def start(self) -> None:
        self._runner = web.AppRunner(self.app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self.base = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        await self.http.close()
        await self._runner.cleanup()
