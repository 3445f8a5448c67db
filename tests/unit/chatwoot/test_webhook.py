"""The webhook: genuine or not, ours or not; and the settings."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from chatwoot_house import endpoint
from chatwoot_server import BASE, OTHER_INBOX, Chatwoot, signed
from pydantic import ValidationError

from bot import conversations
from bot.chatwoot import add_chatwoot
from bot.chatwoot.tables import Link
from bot.chatwoot.webhook import conversation_in
from bot.chatwoot_settings import DeskEndpoint
from bot.conversations import Request, Store, bus_of
from bot.db import engine_for
from bot.settings import Settings

TOKEN = "t" * 20
BY_TOKEN = {"webhook_secret": "", "webhook_token": TOKEN}


@dataclass
class Running:
    """A web server with the bridge, and a conversation that waits in Chatwoot; nothing is looked at but by webhooks."""

    store: Store
    chatwoot: Chatwoot
    client: Any
    chat: str
    remote: int

    async def post(self, body: bytes, headers: dict[str, str], path: str = "") -> int:
        answer = await self.client.post("/webhooks/chatwoot" + path, data=body, headers=headers)
        return int(answer.status)

    def heard(self) -> list[str]:
        return [m.content["text"] for m in conversations.history(self.store, self.chat) if m.author == "agent"]

    def looked(self) -> int:
        return self.chatwoot.calls.count(("GET", f"{BASE}/conversations/{self.remote}"))


@asynccontextmanager
async def running(folder: Path, **more: Any) -> AsyncIterator[Running]:
    chatwoot = Chatwoot()
    async with TestServer(chatwoot.app()) as server:
        where = endpoint(f"http://127.0.0.1:{server.port}", timeout=5.0, **more)
        settings = Settings(var=folder, desk=where)
        app = web.Application()
        add_chatwoot(app, settings)
        store = Store(settings.chat_url, bus_of(settings))
        async with TestClient(TestServer(app)) as client:
            chat = conversations.open_conversation(store, "wechat", "customer", address={"to": "customer"})
            conversations.receive(store, chat, {"text": "坏了"})
            await asyncio.sleep(0.2)  # the bridge has found where the log ends
            conversations.request_person(store, chat, Request("request_human"))
            await until(lambda: bool(chatwoot.conversations) and bool(chatwoot.notes(1)))
            found = Running(store, chatwoot, client, chat, 1)
            await until(lambda: _never_look(store, chat))
            chatwoot.calls.clear()
            yield found
        engine_for(settings.chat_url).dispose()


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def _never_look(store: Store, chat: str) -> bool:
    """Once the first look is over: put the next one off, so that only a webhook can bring it."""
    with store.changing() as change:
        row = change.session.get(Link, chat)
        if row.look_at is None or row.look_at < time.time() + 30:
            return False
        row.look_at = time.time() + 3600
        return True


async def test_a_signed_one_brings_the_reply(tmp_path: Path) -> None:
    async with running(tmp_path) as house:
        body = house.chatwoot.message_webhook(house.chatwoot.add(house.remote, "您好"))
        assert await house.post(body, signed(body)) == 200
        await until(lambda: house.heard() == ["您好"])
        house.chatwoot.conversations[house.remote]["status"] = "resolved"
        _never_look(house.store, house.chat)
        body = house.chatwoot.status_webhook(house.remote)
        assert await house.post(body, signed(body)) == 200
        await until(lambda: conversations.owner_of(house.store, house.chat) == "closed")


Forge = Callable[[Running, bytes], Awaitable[int]]


def forged() -> list[tuple[str, Forge]]:
    async def nothing(house: Running, body: bytes) -> int:
        return await house.post(body, {})

    async def other_secret(house: Running, body: bytes) -> int:
        return await house.post(body, signed(body, "another"))

    async def empty_secret(house: Running, body: bytes) -> int:
        return await house.post(body, signed(body, ""))

    async def other_body(house: Running, body: bytes) -> int:
        return await house.post(body, signed(body + b" "))

    async def old(house: Running, body: bytes) -> int:
        return await house.post(body, signed(body, at=time.time() - 301))

    async def early(house: Running, body: bytes) -> int:
        return await house.post(body, signed(body, at=time.time() + 301))

    async def old_with_a_new_time(house: Running, body: bytes) -> int:
        headers = signed(body, at=time.time() - 301)
        return await house.post(body, headers | {"X-Chatwoot-Timestamp": str(int(time.time()))})

    async def no_time(house: Running, body: bytes) -> int:
        return await house.post(body, signed(body) | {"X-Chatwoot-Timestamp": ""})

    async def only_a_path(house: Running, body: bytes) -> int:
        return await house.post(body, {}, "/")

    async def by_token(house: Running, body: bytes) -> int:
        return await house.post(body, {}, "/" + TOKEN)

    made = (nothing, other_secret, empty_secret, other_body, old, early, old_with_a_new_time, no_time)
    return [(one.__name__, one) for one in (*made, only_a_path, by_token)]


@pytest.mark.parametrize("forge", [one for _, one in forged()], ids=[name for name, _ in forged()])
async def test_a_forged_one_moves_nothing(tmp_path: Path, forge: Forge) -> None:
    async with running(tmp_path) as house:
        body = house.chatwoot.message_webhook(house.chatwoot.add(house.remote, "您好"))
        assert await forge(house, body) in (401, 404)
        await asyncio.sleep(0.4)
        assert house.looked() == 0 and house.heard() == []
        # The same body, signed, is heard: what was refused was the signature and nothing else.
        assert await house.post(body, signed(body)) == 200
        await until(lambda: house.heard() == ["您好"])


async def test_without_signatures_a_token_in_the_address_is_the_key(tmp_path: Path) -> None:
    async with running(tmp_path, **BY_TOKEN) as house:
        body = house.chatwoot.message_webhook(house.chatwoot.add(house.remote, "您好"))
        for wrong in ("", "/" + "t" * 19, "/" + "T" * 20):
            assert await house.post(body, signed(body, ""), wrong) == 401
        await asyncio.sleep(0.4)
        assert house.looked() == 0 and house.heard() == []
        assert await house.post(body, {}, "/" + TOKEN) == 200
        await until(lambda: house.heard() == ["您好"])


async def test_what_is_not_ours_is_let_be(tmp_path: Path) -> None:
    async with running(tmp_path) as house:
        message = house.chatwoot.add(house.remote, "您好")
        body = house.chatwoot.message_webhook(message)
        foreign = body.replace(b'"account": {"id": 7', b'"account": {"id": 8')
        unknown = body.replace(b'"event": "message_created"', b'"event": "contact_created"')
        house.chatwoot.conversations[house.remote]["inbox_id"] = OTHER_INBOX
        elsewhere = house.chatwoot.message_webhook(message)
        assert len({body, foreign, unknown, elsewhere}) == 4
        for one in (foreign, unknown, elsewhere):
            assert await house.post(one, signed(one)) == 200
        for broken in (b"no json", b"[]", b"\xff\xfe"):
            assert await house.post(broken, signed(broken)) == 400
        await asyncio.sleep(0.4)
        assert house.looked() == 0 and house.heard() == []


@pytest.mark.parametrize(
    ("event", "about"),
    [
        ("message_created", "message"),
        ("message_updated", "message"),
        ("conversation_status_changed", "status"),
        ("conversation_updated", "status"),
        ("conversation_resolved", "status"),  # an agent bot's, as is the next
        ("conversation_opened", "status"),
        ("webwidget_triggered", "nothing"),
        ("contact_created", "nothing"),
    ],
)
def test_each_kind_of_webhook_is_read(event: str, about: str) -> None:
    """As an account's webhooks and an agent bot send them."""
    chatwoot = Chatwoot()
    chatwoot.conversations[5] = {"id": 5, "inbox_id": 3, "status": "open", "meta": {}}
    chatwoot.messages[5] = []
    body = chatwoot.message_webhook(chatwoot.add(5, "您好")) if about == "message" else chatwoot.status_webhook(5)
    said = json.dumps({**json.loads(body), "event": event}).encode()
    assert conversation_in(said, 7, 3) == (None if about == "nothing" else 5)


@pytest.mark.parametrize("wrong", [{"url": "ftp://x"}, {"token": ""}, {"webhook_secret": ""}, {"more": 1}])
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DeskEndpoint(**(endpoint("http://x").dict() | wrong))


def test_the_own_desk_needs_nothing() -> None:
    assert DeskEndpoint().type == "own"
