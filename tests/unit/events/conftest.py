"""An event store of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.db import upgrade
from bot.events import close_recorder
from bot.settings import get_settings


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store on each kind of database."""
    address = (
        f"sqlite:///{tmp_path}/events.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )
    upgrade(address, "events")
    return str(address)


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The process records into the test's folder."""
    monkeypatch.setenv("DIANXIAOER_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("DIANXIAOER_EVENTS_URL", f"sqlite:///{tmp_path}/var/events.db")
    close_recorder()
    get_settings.cache_clear()
    yield tmp_path / "var"
    close_recorder()
    get_settings.cache_clear()
