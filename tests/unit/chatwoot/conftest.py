"""A bridge between a store of the test's own, on both databases, and a server in Chatwoot's place."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from fake import ACCOUNT, INBOX, TOKEN, Chatwoot

from bot import conversations
from bot.chatwoot import looking
from bot.chatwoot.bridge import Bridge
from bot.chatwoot.client import Client
from bot.chatwoot.tables import Link, Parcel
from bot.chatwoot_settings import DeskEndpoint
from bot.conversations import Bus, Store
from bot.db import engine_for, upgrade
from tests.databases import postgres_database


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    def made(url: str) -> Store:
        for room in ("conversations", "chatwoot"):
            upgrade(url, room)
        return Store(url, Bus())

    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/chat.db"
        yield made(url)
        engine_for(url).dispose()
    else:
        with postgres_database() as url:
            yield made(url)


@pytest.fixture
def chatwoot() -> Chatwoot:
    return Chatwoot()


@pytest.fixture
async def house(store: Store, chatwoot: Chatwoot) -> AsyncIterator["House"]:
    async with TestServer(chatwoot.app()) as server:
        url = f"http://127.0.0.1:{server.port}"
        yield House(store, endpoint(url), chatwoot)


def endpoint(url: str, **more: Any) -> DeskEndpoint:
    values = {"account_id": ACCOUNT, "inbox_id": INBOX, "token": TOKEN, "webhook_secret": "s3cret", "timeout": 0.3}
    return DeskEndpoint(type="chatwoot", url=url, **(values | more))


class House:
    """`settle` runs a bridge until nothing is due, and makes what waits for later due now."""

    def __init__(self, store: Store, where: DeskEndpoint, chatwoot: Chatwoot) -> None:
        self.store, self.endpoint, self.chatwoot = store, where, chatwoot
        self.bridge = Bridge(store, where)
        conversations.save_agent(store, "chatwoot", "人工客服", capacity=1000)

    def chat(self, *texts: str, account: str = "customer") -> str:
        chat = conversations.open_conversation(self.store, "wechat", account, address={"to": account})
        for text in texts:
            conversations.receive(self.store, chat, {"text": text})
        return chat

    async def settle(self, rounds: int = 12, bridge: Bridge | None = None) -> None:
        async with Client(self.endpoint) as client:
            for _ in range(rounds):
                await (bridge or self.bridge).step(client)
                self.hurry()

    def hurry(self) -> None:
        with self.store.changing() as change:
            for row in change.session.query(Parcel).filter(Parcel.next_at > time.time()):
                row.next_at = 0.0
            for row in change.session.query(Link).filter(Link.look_at.is_not(None)):
                row.look_at = 1.0

    def remote(self, chat: str) -> int:
        with self.store.reading() as session:
            return int(session.get(Link, chat).remote_id)

    def webhook(self, chat: str) -> None:
        assert looking.note_news(self.store, self.remote(chat))

    def log(self, chat: str, author: str) -> list[str]:
        return [
            m.content.get("text") for m in conversations.history(self.store, chat, notes=True) if m.author == author
        ]
