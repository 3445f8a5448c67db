"""The process dies anywhere on the way of a message, either way: another one goes on, nothing is lost or said twice."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer, unused_port
from chatwoot_house import House, endpoint
from chatwoot_server import BASE, Chatwoot, signed

from bot import conversations
from bot.chatwoot import looking, parcels, sending
from bot.chatwoot.client import Client
from bot.conversations import Request, Store, bus_of
from bot.db import engine_for
from bot.settings import Settings

SERVER = """
import sys
from pathlib import Path
from aiohttp import web
from bot.chatwoot import add_chatwoot
from bot.chatwoot_settings import DeskEndpoint
from bot.settings import Settings

app = web.Application()
add_chatwoot(app, Settings(var=Path(sys.argv[1]), desk=DeskEndpoint.parse_raw(sys.argv[2])))
web.run_app(app, host="127.0.0.1", port=int(sys.argv[3]), print=None)
"""
REPLIES = ["您好", "我看看", "寄来修就行"]


class Killed(BaseException):
    pass


async def go_on(house: House, rounds: int = 12) -> None:
    """Steps of the bridge; where one is killed, the next is another process's."""
    for _ in range(rounds):
        try:
            async with Client(house.endpoint) as client:
                await house.bridge.step(client)
        except Killed:
            parcels.let_go(house.store, house.bridge._worker)
            house.bridge = house.new_bridge()
        house.hurry()


def deadly(dice: random.Random, real: Callable[..., Any]) -> Callable[..., Any]:
    """The function, before or after which the process is killed now and then."""

    def call(*a: Any, **more: Any) -> Any:
        if dice.random() < 0.2:
            raise Killed
        result = real(*a, **more)
        if dice.random() < 0.2:
            raise Killed
        return result

    return call


async def test_on_the_way_there(house: House, chatwoot: Chatwoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_arrived", deadly(random.Random(5), sending._arrived))
    await house.settle(1)
    chat = house.chat("坏了")
    conversations.request_person(house.store, chat, Request("request_human"))
    await go_on(house)
    for n in range(7):
        conversations.receive(house.store, chat, {"text": "在吗"}, client_id=f"c{n}")
        await go_on(house)
    assert chatwoot.said(house.remote(chat)) == ["在吗"] * 7
    assert len(chatwoot.notes(house.remote(chat))) == len(chatwoot.conversations) == 1


@pytest.mark.parametrize("seed", range(4))
async def test_on_the_way_back(house: House, chatwoot: Chatwoot, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Before and after each thing that is written down between the webhook and the customer's outbox."""
    chat, dice = await house.handed_over(), random.Random(seed)
    remote = house.remote(chat)
    for module, name in (
        (conversations, "take_over"),
        (conversations, "agent_says"),
        (conversations, "close"),
        (looking, "_saw"),
        (looking, "_looked"),
        (looking, "_leave"),
    ):
        monkeypatch.setattr(module, name, deadly(dice, getattr(module, name)))
    for reply in REPLIES:
        chatwoot.add(remote, reply)
        house.webhook(chat)
        await go_on(house, 8)
    chatwoot.conversations[remote]["status"] = "resolved"
    house.webhook(chat)
    await go_on(house, 25)
    assert house.log(chat, "agent") == REPLIES
    assert len([words for words in house.log(chat, "system") if "小林" in words]) == 1
    assert conversations.owner_of(house.store, chat) == "closed"


@pytest.mark.slow
@pytest.mark.parametrize("call", [1, 2, 3, 4])
async def test_a_killed_server(tmp_path: Path, call: int) -> None:
    """SIGKILL at the n-th call that the server makes after a webhook was answered "ok"."""
    chatwoot, port = Chatwoot(), unused_port()
    async with TestServer(chatwoot.app()) as remote_server:
        where = endpoint(f"http://127.0.0.1:{remote_server.port}", timeout=5.0)
        settings = Settings(var=tmp_path, desk=where)
        store = Store(settings.chat_url, bus_of(settings))
        first = await serve(tmp_path, where.json(), port)
        try:
            chat = conversations.open_conversation(store, "wechat", "customer", address={"to": "customer"})
            conversations.receive(store, chat, {"text": "坏了"})
            conversations.request_person(store, chat, Request("request_human"))
            await until(lambda: bool(chatwoot.conversations) and bool(chatwoot.notes(1)))
            await asyncio.sleep(0.3)
            for reply in REPLIES:
                body = chatwoot.message_webhook(chatwoot.add(1, reply))
            left = [call]

            def kill(method: str, path: str) -> None:
                if path.startswith(f"{BASE}/conversations/1"):
                    left[0] -= 1
                    if left[0] == 0 and first.returncode is None:
                        first.kill()

            chatwoot.on_call = kill
            await post(port, body)
            if call <= 3:  # the status, the messages, the messages after them
                assert await asyncio.wait_for(first.wait(), 10) == -signal.SIGKILL
            else:
                await until(lambda: len(replies(store, chat)) == len(REPLIES))
                first.kill()
        finally:
            if first.returncode is None:
                first.kill()
            await first.wait()
        second = await serve(tmp_path, where.json(), port)
        try:
            await until(lambda: len(replies(store, chat)) >= len(REPLIES))
            await post(port, body)  # and the webhook comes once more
            await asyncio.sleep(0.5)
            assert replies(store, chat) == REPLIES
            joined = [
                m for m in conversations.history(store, chat) if m.author == "system" and "小林" in str(m.content)
            ]
            assert len(joined) == 1
        finally:
            second.kill()
            await second.wait()
            engine_for(store.url).dispose()


def replies(store: Store, chat: str) -> list[str]:
    return [m.content["text"] for m in conversations.history(store, chat) if m.author == "agent"]


async def serve(folder: Path, where: str, port: int) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVER,
        str(folder),
        where,
        str(port),
        env={**os.environ, "RASA_TELEMETRY_ENABLED": "false"},
    )
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return process
    process.kill()
    raise AssertionError("the server did not start")


async def post(port: int, body: bytes) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}/webhooks/chatwoot", data=body, headers=signed(body)) as answer,
    ):
        assert answer.status == 200


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
