"""A tracker store that is away: the turn fails and is done again, instead of being answered out of context."""

from pathlib import Path
from typing import Any

import pytest
import rasa.core.agent
from rasa.core.agent import Agent
from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from sqlalchemy.exc import OperationalError

from bot.runtime import tracker_rows, watched
from bot.runtime.trackers import WindowTrackerStore


@pytest.fixture(autouse=True)
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = watched._without_fallback(FailSafeTrackerStore)
    monkeypatch.setattr(rasa.core.agent, "FailSafeTrackerStore", wrapped)


async def test_nobody_is_answered_out_of_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    store = WindowTrackerStore(Domain.empty(), f"sqlite:///{tmp_path}/tracker.db", patience_seconds=0.1)
    agent = Agent(Domain.empty(), tracker_store=store)
    tracker = store.init_tracker("c")
    monkeypatch.setattr(tracker_rows, "load", away)
    with pytest.raises(OperationalError):
        await agent.tracker_store.get_or_create_tracker("c", append_action_listen=True)
    monkeypatch.setattr(tracker_rows, "save", away)
    tracker.update(rasa.shared.core.events.UserUttered("在吗"))
    with pytest.raises(OperationalError):
        await agent.tracker_store.save(tracker)


def test_stores_of_other_kinds_stay_as_rasa_has_them() -> None:
    store = InMemoryTrackerStore(Domain.empty())
    assert isinstance(Agent(Domain.empty(), tracker_store=store).tracker_store, FailSafeTrackerStore)
