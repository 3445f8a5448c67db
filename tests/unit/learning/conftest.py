"""A loop of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_kit import World, small_world

from bot.clock import freeze
from bot.db import upgrade
from bot.settings import Operations, Settings
from tests.unit.shop.small_shop import beijing

MONDAY = "2026-06-08 09:00"


@pytest.fixture(params=["sqlite", "postgresql"])
def any_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Stores on each kind of database."""
    url = f"sqlite:///{tmp_path}/events.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    for room in ("events", "learning"):
        upgrade(url, room)
    return Settings(var=tmp_path / "var", events_url=url)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path}/events.db"
    for room in ("events", "learning"):
        upgrade(url, room)
    chat_url = f"sqlite:///{tmp_path}/chat.db"
    upgrade(chat_url, "conversations")
    # Few lines to be measured on: a single one weighs more than a point.
    operations = Operations(learning={"may_lose_points": 5})
    return Settings(var=tmp_path / "var", events_url=url, chat_url=chat_url, operations=operations)


@pytest.fixture
def world(tmp_path: Path, settings: Settings) -> World:
    return small_world(tmp_path, settings)


@pytest.fixture
def monday() -> Iterator[None]:
    """A Monday morning: last week is over."""
    with freeze(beijing(MONDAY)):
        yield
