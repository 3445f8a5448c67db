"""Conversations of the test's own, on SQLite and, where it matters, on PostgreSQL."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import conversations
from bot.conversations import Bus, Store
from bot.db import engine_for, upgrade
from tests.databases import postgres_database


class Listening(Bus):
    """Remembers what was published."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def publish(self, topic: str, data: dict[str, Any]) -> None:
        self.heard.append((topic, data))
        super().publish(topic, data)


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of an empty store on the local PostgreSQL server, to be copied."""
    with postgres_database() as url:
        upgrade(url, "conversations")
        engine_for(url).dispose()
        yield url.rpartition("/")[2]


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    """An empty store of its own on PostgreSQL."""
    with postgres_database(postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "chat.db"
    upgrade(f"sqlite:///{path}", "conversations")
    with engine_for(f"sqlite:///{path}").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine_for(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def store(empty_file: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite."""
    url = f"sqlite:///{tmp_path}/chat.db"
    shutil.copy(empty_file, tmp_path / "chat.db")
    yield Store(url, Listening())
    engine_for(url).dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store on each kind of database."""
    if request.param == "sqlite":
        return request.getfixturevalue("store")
    return Store(request.getfixturevalue("postgres_url"), Listening())


@pytest.fixture
def begin() -> Callable[..., str]:
    """Begins conversations: `begin(store)`, `begin(store, address={…})` for a channel that sends."""

    def make(store: Store, account: str = "", **more: Any) -> str:
        return conversations.open_conversation(store, "test", account or uuid.uuid4().hex, **more)

    return make


@pytest.fixture
def person() -> Callable[..., None]:
    """Puts an agent to work: `person(store, "anna", capacity=2)`."""

    def make(store: Store, agent_id: str, presence: str = "online", **more: Any) -> None:
        conversations.save_agent(store, agent_id, agent_id.title(), **more)
        conversations.set_presence(store, agent_id, presence)

    return make
