"""`make bench-desk`: how long messages take between customers and agents, with a desk full of open chats.

The web server is a process of its own, as in `make run`; this process plays the customers' channel (it stores their
messages and hears the bus) and the agents' pages (live connections and requests).
"""

import asyncio
import contextlib
import functools
import os
import random
import socket
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot import conversations
from bot.conversations import Store
from bot.conversations.bus_local import LocalBus
from bot.db import upgrade, writing
from bot.desk import accounts, sessions
from bot.desk.api.endpoints import COOKIE
from bot.desk.tables import Account
from bot.launch.problems import LaunchError
from bot.launch.supervise import HOST, Server, start, stop
from bot.settings import get_settings

AGENTS, CHATS, SECONDS, EVERY = 50, 1000, 30.0, 45.0
AIM_MS = 300
_WARM_UP = 5.0  # seconds that are not counted
_WORDS = ("请问什么时候发货", "还在吗", "能便宜一点吗", "我的订单怎么还没到", "好的，谢谢", "尺码偏大吗")
_ANSWERS = ("您好，马上为您查", "今天18:00前发出", "已经是最低价了", "快递明天送到，请留意电话")


@dataclass
class Report:
    """Milliseconds from writing to arriving, each way; what has not arrived at the end is `lost`."""

    to_agent_ms: list[float] = field(default_factory=list)
    to_customer_ms: list[float] = field(default_factory=list)
    lost: int = 0

    @property
    def p95_ms(self) -> float:
        """Of both ways together."""
        return percentile([*self.to_agent_ms, *self.to_customer_ms], 95)

    def lines(self) -> Iterator[str]:
        """What is printed."""
        for name, took in (("顾客→客服", self.to_agent_ms), ("客服→顾客", self.to_customer_ms)):
            yield f"{name}　{len(took)} 条　p50 {percentile(took, 50):.0f} ms　p95 {percentile(took, 95):.0f} ms"
        yield f"合计　p95 {self.p95_ms:.0f} ms（目标 ≤ {AIM_MS} ms）　没有送到 {self.lost} 条"


def percentile(values: list[float], percent: int) -> float:
    """The value below which so many percent lie; infinite for none."""
    if len(values) < 2:
        return values[0] if values else float("inf")
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


@dataclass
class _Agent:
    id: str
    token: str
    csrf: str


class Desk:
    """The chats and who is in them; `every` is after how many seconds each customer writes again."""

    def __init__(self, store: Store, address: str, every: float) -> None:
        self._store, self._address, self._every = store, address, every
        self._threads = ThreadPoolExecutor(4)
        self._chats: list[str] = []
        self._agents: list[_Agent] = []
        self._written: dict[str, float] = {}  # text → when the customer wrote it
        self._answered: dict[str, float] = {}  # chat → when its agent answered
        self._begins = float("inf")
        self.report = Report()

    def furnish(self, agents: int, chats: int) -> None:
        """Agents with open chats, before the server runs."""
        for number in range(agents):
            name = f"agent{number:03d}"
            password = accounts.create_account(self._store, name, name, "agent", capacity=100)
            with writing(self._store.url) as session:
                session.get(Account, name).must_change = False
            token, me = sessions.sign_in(self._store, name, password, "bench")
            self._agents.append(_Agent(name, token, me.csrf))
        for number in range(chats):
            chat = conversations.open_conversation(self._store, "webchat", f"customer{number}")
            conversations.take_over(self._store, chat, self._agents[number % agents].id)
            self._chats.append(chat)
        for agent in self._agents:  # last of all: chats of who is silent too long go back to the queue
            conversations.set_presence(self._store, agent.id, conversations.ONLINE)

    async def run(self, seconds: float) -> None:
        """Let everybody write for so long."""
        await self._store.bus.start()
        unsubscribe = self._store.bus.subscribe({"message"}, self._heard)
        origin = {"Origin": self._address}
        async with contextlib.AsyncExitStack() as stack:
            pages = []
            for agent in self._agents:
                client = await stack.enter_async_context(
                    aiohttp.ClientSession(cookies={COOKIE: agent.token}, headers=origin)
                )
                live = await client.ws_connect(f"{self._address}/api/desk/events")
                await live.receive_json(timeout=10)
                pages.append(asyncio.create_task(self._page(client, live, agent)))
            self._begins = time.monotonic() + _WARM_UP
            writing_ = asyncio.create_task(self._customers())
            await asyncio.sleep(_WARM_UP + seconds)
            writing_.cancel()
            await asyncio.sleep(2)  # what is under way may arrive
            for task in (writing_, *pages):
                task.cancel()
            await asyncio.gather(writing_, *pages, return_exceptions=True)
        unsubscribe()
        await self._store.bus.close()
        self.report.lost = len(self._written) + len(self._answered)

    async def _customers(self) -> None:
        loop, chance = asyncio.get_running_loop(), random.Random(1)
        next_at = loop.time()
        while True:
            next_at += chance.expovariate(len(self._chats) / self._every)
            await asyncio.sleep(max(0.0, next_at - loop.time()))
            text = f"{chance.choice(_WORDS)} {uuid.uuid4().hex[:12]}"
            self._written[text] = time.monotonic()
            content, request = {"text": text}, {"text": text, "metadata": {}}
            chat = chance.choice(self._chats)
            receive = functools.partial(conversations.receive, self._store, chat, content, request=request)
            loop.run_in_executor(self._threads, receive)

    async def _page(self, client: aiohttp.ClientSession, live: Any, agent: _Agent) -> None:
        answering: set[asyncio.Task[None]] = set()
        async for frame in live:
            event = frame.json()
            message = event.get("message") or {}
            if message.get("author") != "customer":
                continue
            began = self._written.pop(message.get("text", ""), None)
            if began is not None and began >= self._begins:
                self.report.to_agent_ms.append(1000 * (time.monotonic() - began))
            if event["conversation"] not in self._answered:
                task = asyncio.create_task(self._answer(client, agent, event["conversation"]))
                answering.add(task)
                task.add_done_callback(answering.discard)

    async def _answer(self, client: aiohttp.ClientSession, agent: _Agent, chat: str) -> None:
        self._answered[chat] = time.monotonic()
        body = {"client_id": uuid.uuid4().hex, "text": random.choice(_ANSWERS)}
        path = f"{self._address}/api/desk/conversations/{chat}/messages"
        with contextlib.suppress(aiohttp.ClientError):  # then it is lost
            async with client.post(path, json=body, headers={"X-CSRF-Token": agent.csrf}) as answer:
                answer.raise_for_status()

    def _heard(self, _topic: str, data: dict[str, Any]) -> None:
        """The channel hears of an agent's message and reads it, as it must before it can show it."""
        if data.get("author") != "agent" or data["conversation"] not in self._answered:
            return
        began = self._answered.pop(data["conversation"])
        reading = asyncio.get_running_loop().run_in_executor(
            self._threads,
            lambda: conversations.history(self._store, data["conversation"], after=data["number"] - 1, limit=5),
        )
        if began >= self._begins:
            reading.add_done_callback(lambda _: self.report.to_customer_ms.append(1000 * (time.monotonic() - began)))


def bench(agents: int, chats: int, seconds: float, every: float, url: str = "") -> Report:
    """Run a server with a store of its own (or at `url`) and everybody on it.

    Raises:
        LaunchError: the server does not start.
    """
    with tempfile.TemporaryDirectory(prefix="bench-desk-") as folder:
        var = Path(folder)
        # To build an encoder takes a server half a minute, once; that is not what is measured.
        encoders = get_settings().var / "encoders"
        if encoders.is_dir():
            (var / "encoders").symlink_to(encoders.resolve(), target_is_directory=True)
        store = Store(url or f"sqlite:///{var}/chat.db", LocalBus(str(var / "bus")))
        for room in ("conversations", "desk"):
            upgrade(store.url, room)
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        desk = Desk(store, f"http://{HOST}:{port}", every)
        desk.furnish(agents, chats)
        mine = {"DIANXIAOER_VAR": folder, "DIANXIAOER_WEB_PORT": str(port), "DIANXIAOER_CHAT_URL": store.url}
        before = {name: os.environ.get(name) for name in mine}
        os.environ.update(mine)
        command = [sys.executable, "-W", "ignore", "-m", "bot.launch.web_server"]
        server = Server("网页服务", command, port, "/health", "DIANXIAOER_WEB_PORT", var / "web.log")
        try:
            start([server])
            asyncio.run(desk.run(seconds))
            if server.failed():
                raise LaunchError(f"网页服务停了：\n{server.last_words()}")
        finally:
            stop([server])
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name)
                else:
                    os.environ[name] = value
        return desk.report
