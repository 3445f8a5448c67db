"""Customers who keep writing while something breaks: over the open channel and on the web page.

Each one waits for the answer before the next message, as people do, and a few write several messages at once. What was
acknowledged is remembered, to be compared afterwards with what the suite has kept (`tests.faults.invariants`).
"""

import asyncio
import itertools
import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.faults.platform import SOURCE, Platform
from tests.faults.socket import Socket

# What a customer says, and what the answer must say (a regular expression); "" where any answer will do.
Script = tuple[tuple[str, str], ...]
ORDER: Script = (
    ("iPhone 14 256G 蓝色有现货吗？", "现货"),
    ("是的", "生成订单"),
    ("是的", r"DX\d{12}"),
)
QUESTIONS: Script = (
    ("请问iPhone 14 256G现在多少钱？", "iPhone 14.*¥"),
    ("想问一下你们可以开发票吗？", "发票"),
    ("请问iPhone 13 128G现在多少钱？", "iPhone 13.*¥"),
)
BURST: Script = (
    ("请问iPhone 14 256G现在多少钱？", ""),
    ("想问一下你们可以开发票吗？", ""),
    ("请问iPhone 13 128G现在多少钱？", ""),
)
LOST = (OSError, aiohttp.ClientError, asyncio.TimeoutError)  # what a connection that is lost raises
PATIENCE = 150.0  # seconds for one answer; with all that may fail it comes or a person has the chat


@dataclass
class Said:
    """One message: `client_id` is the channel's id of it in the log; `seconds` until its first answer."""

    client_id: str
    text: str
    expected: str
    accepted: bool = False
    answered: bool = False
    began: float = 0.0
    seconds: float = 0.0


@dataclass
class Chat:
    """One customer's conversation, in `channel` under `account`."""

    channel: str
    account: str
    script: Script
    said: list[Said] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)  # of the web page: what it was shown, by id once


class Load:
    """Customers in a thread of their own; `chats` holds all that were said, also after `stop`."""

    def __init__(self, web: str, rasa: str, port: int, *, open_customers: int = 5, web_customers: int = 3) -> None:
        self._web, self._rasa, self._port = web, rasa, port
        self._count = open_customers, web_customers
        self.platform = Platform()
        self.chats: list[Chat] = []
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._main, name="customers", daemon=True)

    def start(self) -> "Load":
        """Let them come."""
        self._thread.start()
        assert self._ready.wait(30), "the platform did not start"
        return self

    def stop(self) -> None:
        """No new conversations; returns when the last customer has an answer, or no patience left."""
        self._stopping.set()
        assert self._ended.wait(PATIENCE + 60), "customers are still waiting"
        if self._everybody.done() and not self._everybody.cancelled():
            self._everybody.result()  # raises what went wrong in the customers themselves

    def close(self) -> None:
        """The platform closes too."""
        self._stopping.set()
        with suppress(RuntimeError):  # its loop has ended
            self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join(30)

    def wait_answers(self, count: int, seconds: float = 60.0) -> None:
        """Until so many more messages have been answered."""
        before, until = self.answered, time.monotonic() + seconds
        while self.answered < before + count:
            assert time.monotonic() < until, f"only {self.answered - before} answers in {seconds:.0f} s"
            time.sleep(0.05)

    @property
    def answered(self) -> int:
        """How many messages have been answered so far."""
        return sum(said.answered for chat in list(self.chats) for said in list(chat.said))

    @property
    def accepted(self) -> int:
        """How many messages were acknowledged."""
        return sum(said.accepted for chat in list(self.chats) for said in list(chat.said))

    def seconds(self) -> list[float]:
        """How long each answer took."""
        return sorted(said.seconds for chat in self.chats for said in chat.said if said.answered)

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        finally:
            self._ended.set()

    async def _run(self) -> None:
        self._loop, self._closed = asyncio.get_running_loop(), asyncio.Event()
        await self.platform.start(self._port, f"{self._rasa}/webhooks/open/webhook")
        self._ready.set()
        of_open, of_web = self._count
        people = [self._one_after_another(self._open_chat, number) for number in range(of_open)]
        people += [self._one_after_another(self._web_chat, number) for number in range(of_web)]
        self._everybody = everybody = asyncio.gather(*people)
        everybody.add_done_callback(lambda _: self._ended.set())
        try:
            await self._closed.wait()
            everybody.cancel()
            await asyncio.gather(everybody, return_exceptions=True)
        finally:
            await self.platform.stop()

    async def _one_after_another(self, chat: Any, number: int) -> None:
        chance = random.Random(number)
        scripts = itertools.cycle((ORDER, QUESTIONS) if number % 3 else (QUESTIONS, ORDER, BURST))
        await asyncio.sleep(chance.random())
        while not self._stopping.is_set():
            await chat(next(scripts))
            await asyncio.sleep(0.2 + chance.random())

    async def _open_chat(self, script: Script) -> None:
        customer = f"c{uuid.uuid4().hex[:12]}"
        chat = Chat("open", f"{SOURCE}:{customer}", script)
        self.chats.append(chat)
        if script is BURST:
            await asyncio.gather(*(self._open_message(chat, customer, *line) for line in script))
            return
        for line in script:
            if not await self._open_message(chat, customer, *line):
                return

    async def _open_message(self, chat: Chat, customer: str, text: str, expected: str) -> bool:
        identity, before = uuid.uuid4().hex, len(self.platform.pushed[customer])
        said = Said(f"{SOURCE}:{identity}", text, expected, began=time.monotonic())
        chat.said.append(said)
        until = said.began + PATIENCE
        said.accepted = await self.platform.say(customer, identity, text, until)
        said.answered = said.accepted and await self.platform.hears(customer, before, until)
        said.seconds = time.monotonic() - said.began
        return said.answered

    async def _web_chat(self, script: Script) -> None:
        chat = Chat("webchat", "", script)
        page = Page(self._web, chat)
        try:
            if not await page.open(time.monotonic() + PATIENCE):
                return
            self.chats.append(chat)
            if script is BURST:
                await asyncio.gather(*(page.say(*line) for line in script))
                return
            for line in script:
                if not await page.say(*line):
                    return
        finally:
            await page.close()


class Page:
    """A customer's web page: comes back by itself, and sends again what was not acknowledged, as bot/web does."""

    def __init__(self, web: str, chat: Chat) -> None:
        self._address = f"{web}/socket.io/?EIO=4&transport=websocket&page={random.randrange(10**9)}"
        self._chat = chat
        self._token: str | None = None
        self._socket = Socket(self._heard)
        self._ids: set[int] = set()
        self._news = asyncio.Event()

    async def open(self, until: float) -> bool:
        """Connect and get a session with its greeting; whether that was done before `until`."""
        while not await self._connect():
            if time.monotonic() > until:
                return False
            await asyncio.sleep(1)
        return await self._hears(0, until)

    async def say(self, text: str, expected: str) -> bool:
        """Say it until it is acknowledged, and wait for an answer; whether it came."""
        said = Said(uuid.uuid4().hex, text, expected, began=time.monotonic())
        self._chat.said.append(said)
        until, before = said.began + PATIENCE, self._bots()
        message = {"session_id": self._token, "message": text, "client_id": said.client_id}
        while time.monotonic() < until:
            with suppress(*LOST):
                answer = await self._socket.call("user_uttered", message)
                said.accepted = bool(answer.get("ok"))
            if said.accepted:
                break
            await asyncio.sleep(1)
            await self._come_back()
        said.answered = said.accepted and await self._hears(before, until)
        said.seconds = time.monotonic() - said.began
        return said.answered

    async def close(self) -> None:
        """Leave the page."""
        await self._socket.close()

    async def _connect(self) -> bool:
        await self._socket.close()
        self._socket = Socket(self._heard)
        try:
            await self._socket.connect(self._address)
            known = {"session_id": self._token, "last_id": max(self._ids, default=0)}
            answer = await self._socket.call("session_request", known)
        except LOST:
            return False
        return bool(answer.get("ok"))

    async def _come_back(self) -> None:
        if not self._socket.connected:
            await self._connect()

    async def _hears(self, before: int, until: float) -> bool:
        while self._bots() <= before:
            if time.monotonic() > until:
                return False
            self._news.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._news.wait(), 1)
            await self._come_back()
        return True

    def _bots(self) -> int:
        return sum(message["author"] != "customer" for message in self._chat.heard)

    def _heard(self, event: str, data: Any) -> None:
        if event == "session_confirm":
            self._token = self._chat.account = data
        shown = data["messages"] if event == "session_history" else [data] if event == "bot_uttered" else []
        for message in shown:
            if message["id"] not in self._ids:  # a page shows each message once
                self._ids.add(message["id"])
                self._chat.heard.append(message)
        self._news.set()


@contextmanager
def customers(web: str, rasa: str, port: int, **more: int) -> Iterator[Load]:
    """Customers as long as the block lasts; at its end they have their answers."""
    load = Load(web, rasa, port, **more).start()
    try:
        yield load
        load.stop()
    finally:
        load.close()
