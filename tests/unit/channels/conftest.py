"""A real socket server around the web channel, with a bot that the test writes itself."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import async_timeout
import pytest
import socketio
from rasa.core.channels.channel import UserMessage
from sanic import Sanic
from serving import Running
from serving import echo as echo_utterance

from bot.channels.web import WebChat
from bot.channels.web_options import read_options
from bot.conversations import Store, bus_of
from bot.db import engine_for
from bot.settings import Operations, Settings

Bot = Callable[[UserMessage], Awaitable[Any]]


async def echo(message: UserMessage) -> None:
    await message.output_channel.send_text_message(message.sender_id, f"回：{message.text}")


class Server:
    """One run of the web channel; `url` of the chat log outlives it."""

    def __init__(
        self, var: Path, bot: Bot, credentials: dict[str, Any], web: dict[str, Any], agent: Any = None, **more: Any
    ) -> None:
        settings = Settings(var=var, operations=Operations(web=web), **more)
        self.var = var
        self.store = Store(settings.chat_url, bus_of(settings))
        self.stopped = False
        self.asked: list[UserMessage] = []
        self._bot = bot
        self._agent = agent  # Rasa's, where a test is about what it remembers
        self.channel = WebChat(read_options({"initial_payload": "", **credentials}), settings)

    async def _ask(self, message: UserMessage) -> None:
        self.asked.append(message)
        await self._bot(message)

    async def start(self) -> None:
        app = Sanic(f"webchat{uuid.uuid4().hex[:8]}", configure_logging=False)
        app.ctx.agent = self._agent
        app.blueprint(self.channel.blueprint(self._ask), url_prefix="/webhooks/webchat")
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
        await self._server.startup()
        await self._server.before_start()
        await self._server.start_serving()
        await self._server.after_start()

    async def stop(self) -> None:
        self.stopped = True
        await self._server.before_stop()
        await self._server.close()


class Page:
    """A customer's page: keeps all it was sent."""

    def __init__(self) -> None:
        self.socket = socketio.AsyncClient(reconnection=False)
        self.session_id: str | None = None
        self.messages: dict[int, dict[str, Any]] = {}
        self.live: list[dict[str, Any]] = []
        self.heard: list[int] = []  # numbers as they came
        self.typing: list[bool] = []
        self.owners: list[dict[str, Any]] = []
        self.socket.on("session_confirm", self._confirm)
        self.socket.on("session_history", self._history)
        self.socket.on("bot_uttered", self._bot)
        self.socket.on("owner", self.owners.append)
        self.socket.on("typing", lambda data: self.typing.append(data["on"]))

    async def _confirm(self, session_id: str) -> None:
        self.session_id = session_id

    async def _history(self, data: dict[str, Any]) -> None:
        self.messages.update({message["id"]: message for message in data["messages"]})
        self.heard += [message["id"] for message in data["messages"]]

    async def _bot(self, message: dict[str, Any]) -> None:
        self.live.append(message)
        self.heard.append(message["id"])
        self.messages[message["id"]] = message

    async def open(self, server: Server, **request: Any) -> dict[str, Any]:
        # Polling: this engine.io client's websocket asks for a newer aiohttp than Rasa allows.
        await self.socket.connect(server.address, transports=["polling"])
        return await self.socket.call("session_request", {"session_id": self.session_id, **request}, timeout=20)

    async def close(self) -> None:
        """Go away without a word, as a page on a lost line does."""
        await self.socket.eio.disconnect(abort=True)

    async def say(self, text: Any, **more: Any) -> dict[str, Any]:
        data = {"session_id": self.session_id, "message": text, **more}
        return await self.socket.call("user_uttered", data, timeout=20)

    def texts(self) -> list[str]:
        return [self.messages[number].get("text", "") for number in sorted(self.messages)]

    async def until(self, condition: Callable[[], Any]) -> None:
        async with async_timeout.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)


@pytest.fixture
async def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Awaitable[Server]]]:
    """Starts a server: `await serve(bot, credentials={…}, web={…})`; a second call is a restart on the same log."""
    monkeypatch.setattr(Sanic, "test_mode", True)  # several servers in one process
    started: list[Server] = []

    async def start(bot: Bot = echo, credentials: Any = None, web: Any = None, **more: Any) -> Server:
        server = Server(tmp_path, bot, credentials or {}, {"messages_per_minute": 600, **(web or {})}, **more)
        await server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        if not server.stopped:
            await server.stop()
    for server in started:
        await server.store.bus.close()
        engine_for(server.store.url).dispose()


@pytest.fixture
async def page() -> AsyncIterator[Callable[[], Page]]:
    """Makes pages; all are closed at the end."""
    pages: list[Page] = []

    def make() -> Page:
        pages.append(Page())
        return pages[-1]

    yield make
    for each in pages:
        await each.close()


@pytest.fixture
def chat_url() -> str:
    """The database of a connector's conversations; "" is the SQLite file of the test's own folder."""
    return ""


@pytest.fixture
async def running(
    tmp_path: Path, chat_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Awaitable[Running]]]:
    """Starts a channel: `await running(make, bot=…, join_seconds=…)`; a second call is another process on its store."""
    monkeypatch.setattr(Sanic, "test_mode", True)
    started: list[Running] = []

    async def start(make: Callable[..., Any], bot: Bot = echo_utterance, **numbers: Any) -> Running:
        process = Running(make, tmp_path, bot, **{"chat_url": chat_url, **numbers})
        started.append(process)
        return await process.start()

    yield start
    for process in started:
        await process.stop()
        engine_for(process.store.url).dispose()
