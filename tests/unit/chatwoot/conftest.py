"""A bridge between a store of the test's own, on both databases, and a server in Chatwoot's place."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from chatwoot_house import House, endpoint
from chatwoot_server import Chatwoot

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
async def house(store: Store, chatwoot: Chatwoot, tmp_path: Path) -> AsyncIterator[House]:
    async with TestServer(chatwoot.app()) as server:
        yield House(store, endpoint(f"http://127.0.0.1:{server.port}"), chatwoot, tmp_path)
