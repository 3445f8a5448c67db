"""The tracker store: a window has the state of the whole history, growth costs nothing, nothing is lost or doubled."""

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.events import ActionExecuted, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.db import engine_for, upgrade
from bot.runtime import tracker_rows, trackers
from bot.runtime.trackers import WindowTrackerStore
from tests.unit.runtime.histories import DOMAIN, LISTEN, History, state


class Heard:
    """An event broker that remembers."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def publish(self, body: dict[str, Any]) -> None:
        self.bodies.append(body)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "postgresql":
        yield request.getfixturevalue("postgres_url")
        return
    yield f"sqlite:///{tmp_path}/tracker.db"
    engine_for(f"sqlite:///{tmp_path}/tracker.db").dispose()


def make(url: str, **more: Any) -> WindowTrackerStore:
    return WindowTrackerStore(DOMAIN, url, **more)


async def talk(store: TrackerStore, history: History, turns: int, sender: str = "c") -> list[Any]:
    """Turns as Rasa handles them; all events."""
    told: list[Any] = []
    for _ in range(turns):
        tracker = await store.get_or_create_tracker(sender, append_action_listen=False)
        for event in history.turn(DialogueStateTracker.from_events(sender, told, DOMAIN.slots)):
            tracker.update(event)
            told.append(event)
        await store.save(tracker)
    return told


def replay(told: list[Any]) -> DialogueStateTracker:
    """All events of the session, as Rasa's own store loads them."""
    starts = [number for number, event in enumerate(told) if isinstance(event, SessionStarted)]
    return DialogueStateTracker.from_events("c", told[starts[-1] if starts else 0 :], DOMAIN.slots)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("longest", [10**6, 2], ids=["policies see the same", "endless forms are cut"])
async def test_a_window_has_the_state_of_the_whole_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, longest: int
) -> None:
    monkeypatch.setattr(trackers, "_LONGEST", longest)
    store = make(f"sqlite:///{tmp_path}/t.db", turns=5)
    undo = 9 if longest > 2 else 10**6
    history, told, sizes = History(seed, undo_every=undo), [], []
    for _ in range(60):
        tracker = await store.get_or_create_tracker("c", append_action_listen=False)
        for event in history.turn(replay(told)):
            tracker.update(event)
            told.append(event)
        await store.save(tracker)
        loaded = await make(store.url, turns=5).retrieve("c")
        assert loaded is not None
        found, wanted = state(loaded), state(replay(told))
        if longest == 2:
            found["states"] = wanted["states"] = None
        assert found == wanted
        sizes.append(len(loaded.rows))
    assert any(now < before and now > 1 for before, now in itertools.pairwise(sizes))  # it was cut
    assert max(sizes) <= (10 if longest == 2 else 40)
    full = await store.retrieve_full_tracker("c")
    assert full is not None
    assert [e.as_dict() for e in full.events] == [e.as_dict() for e in told]


async def test_on_either_database(url: str) -> None:
    heard = Heard()
    store = make(url, turns=3, event_broker=heard)
    told = await talk(store, History(99, undo_every=9), 40)
    loaded = await store.retrieve("c")
    assert loaded is not None and state(loaded) == state(replay(told))
    assert heard.bodies == [{"sender_id": "c", **event.as_dict()} for event in told]
    assert await store.exists("c") and not await store.exists("d")
    assert list(await store.keys()) == ["c"] and await store.retrieve("d") is None


async def test_a_turn_costs_the_same_after_twenty_thousand_events(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/t.db"
    store = make(url)
    more = History(5, undo_every=10**9)
    long: list[Any] = []
    while len(long) < 20_000:
        long += [UserUttered(f"{len(long)}", {"name": "ask"}), ActionExecuted("action_answer"), SlotSet("vip", True)]
        long += [SlotSet("count", float(len(long))), ActionExecuted(LISTEN)]
    tracker = await store.get_or_create_tracker("c", append_action_listen=False)
    for event in long:
        tracker.update(event)
    await store.save(tracker)
    sizes = []
    for _ in range(30):
        statements: list[str] = []
        hook = lambda *a, s=statements: s.append(a[2])  # noqa: E731
        sqlalchemy_event.listen(engine_for(url), "before_cursor_execute", hook)
        tracker = await store.retrieve("c")
        assert tracker is not None
        sizes.append(len(tracker.events))
        for event in more.turn(tracker):
            tracker.update(event)
            long.append(event)
        await store.save(tracker)
        sqlalchemy_event.remove(engine_for(url), "before_cursor_execute", hook)
        asked = [s for s in statements if not s.startswith(("BEGIN", "PRAGMA"))]
        assert len(asked) <= 4  # one query, one row, now and then a new beginning of the window
    assert max(sizes[2:]) < 200
    loaded = await store.retrieve("c")
    assert loaded is not None and state(loaded) == state(replay(long))


async def test_what_other_trackers_hold_is_appended_once(url: str) -> None:
    """As PUT /conversations/ID/tracker/events does it."""
    store = make(url)
    told = await talk(store, History(3, undo_every=99), 1)
    session = next(i for i, e in enumerate(told) if e.type_name == "session_started")
    more = [UserUttered("还有吗", {"name": "ask"}), ActionExecuted(LISTEN)]
    await store.save(DialogueStateTracker.from_events("c", [*told[session:], *more], DOMAIN.slots))
    full = await store.retrieve_full_tracker("c")
    assert full is not None
    assert [e.as_dict() for e in full.events] == [e.as_dict() for e in [*told, *more]]


async def test_a_save_done_twice_and_one_beside_another(url: str) -> None:
    store = make(url)
    await talk(store, History(1, undo_every=99), 3)
    one, other = await store.retrieve("c"), await store.retrieve("c")
    assert one is not None and other is not None
    for tracker, said in ((one, "一"), (other, "二")):
        tracker.update(UserUttered(said, {"name": "ask"}))
    saved = tracker_rows.Saved(one.last + 1, [[e.as_dict() for e in list(one.events)[one.stored :]]])
    assert tracker_rows.save(url, "c", saved) == one.last + 1
    assert tracker_rows.save(url, "c", saved) == one.last + 1  # the answer to the first was lost on the way
    await store.save(other)
    full = await store.retrieve_full_tracker("c")
    assert full is not None
    assert [e.text for e in full.events if isinstance(e, UserUttered)][-2:] == ["一", "二"]
    loaded = await store.retrieve("c")
    assert loaded is not None and loaded.last == one.last + 2


@pytest.mark.parametrize("seed", range(6))
async def test_what_stayed_in_memory_is_what_would_be_loaded(tmp_path: Path, seed: int) -> None:
    store = make(f"sqlite:///{tmp_path}/t.db", turns=5)
    history, told, stayed = History(seed, undo_every=9), [], 0
    for _ in range(60):
        tracker = await store.get_or_create_tracker("c", append_action_listen=False)
        loaded = await make(store.url, turns=5).retrieve("c")
        if told and loaded is not None:
            assert state(tracker) == state(loaded)
            assert [e.as_dict() for e in tracker.events] == [e.as_dict() for e in loaded.events]
            assert isinstance(tracker, trackers.WindowTracker)
            assert (tracker.rows, tracker.stored, tracker.last) == (loaded.rows, loaded.stored, loaded.last)
        before = getattr(tracker, "seen", False)
        stayed += before
        tracker.seen = True
        for event in history.turn(replay(told)):
            tracker.update(event)
            told.append(event)
        await store.save(tracker)
    assert 30 < stayed < 60  # of the others the window was cut, or began anew


async def test_what_others_did_to_a_conversation_counts_more_than_memory(url: str) -> None:
    one, other = make(url), make(url)
    told = await talk(one, History(4, undo_every=99), 3)
    tracker = await other.retrieve("c")
    assert tracker is not None
    for event in (UserUttered("还在吗", {"name": "ask"}), ActionExecuted(LISTEN)):
        tracker.update(event)
        told.append(event)
    await other.save(tracker)
    found = await one.retrieve("c")
    assert found is not None and state(found) == state(replay(told))
    await one.save(found)
    tracker_rows.erase(url, ["c"])
    assert await one.retrieve("c") is None and await other.retrieve("c") is None


async def test_a_turn_that_failed_leaves_nothing_behind(url: str) -> None:
    store = make(url)
    told = await talk(store, History(5, undo_every=99), 3)
    for _ in range(2):
        tracker = await store.retrieve("c")
        assert tracker is not None and state(tracker) == state(replay(told))
        tracker.update(UserUttered("这句没有答完", {"name": "ask"}))  # and is never saved
    await store.save(tracker)
    tracker.update(UserUttered("存了以后又来一句", {"name": "ask"}))
    found = await store.retrieve("c")
    assert found is not None and [e.text for e in found.events if isinstance(e, UserUttered)][-1] == "这句没有答完"


@pytest.mark.parametrize(("kept", "left"), [(2, ["b", "c"]), (0, [])])
async def test_only_so_many_stay(tmp_path: Path, kept: int, left: list[str]) -> None:
    store = make(f"sqlite:///{tmp_path}/t.db", kept=kept)
    for sender in "abc":
        await talk(store, History(2, undo_every=99), 2, sender)
    assert list(store._kept) == left


async def test_a_clock_that_was_ahead_hides_no_untold_events(url: str) -> None:
    store = make(url)
    await talk(store, History(2, undo_every=99), 2)
    tracker = await store.retrieve("c")
    assert tracker is not None
    tracker.update(UserUttered("明天见", {"name": "ask"}, timestamp=time.time() + 86400))
    await store.save(tracker)
    tracker.update(UserUttered("还在吗", {"name": "ask"}))  # the clock has been set right
    await store.save(tracker)
    heard = Heard()
    make(url, event_broker=heard)
    assert [body["text"] for body in heard.bodies if body["event"] == "user"][-2:] == ["还在吗", "明天见"]


async def test_events_untold_by_a_killed_process_are_told_at_the_next_start(url: str) -> None:
    store = make(url)  # its process dies before it tells anyone
    told = await talk(store, History(2, undo_every=99), 4)
    heard = Heard()
    make(url, event_broker=heard)
    assert heard.bodies == [{"sender_id": "c", **event.as_dict()} for event in told]
    heard.bodies.clear()
    make(url, event_broker=heard)  # as for each model that a server loads
    assert heard.bodies == []


@pytest.mark.parametrize(("asked", "kept"), [("load", 0), ("last", 9)])
async def test_a_database_that_is_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, kept: int
) -> None:
    store = make(f"sqlite:///{tmp_path}/t.db", patience_seconds=5, kept=kept)
    await talk(store, History(1, undo_every=99), 2)
    calls = []

    def away(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) < 4:
            raise OperationalError("SELECT", {}, Exception("connection refused"))
        return original(*arguments)

    original = getattr(tracker_rows, asked)
    monkeypatch.setattr(tracker_rows, asked, away)
    assert await store.retrieve("c") is not None and len(calls) == 4
    await talk(store, History(1, undo_every=99), 2)
    store._patience, calls[:] = 0.1, []
    with pytest.raises(OperationalError):
        await store.retrieve("c")


async def test_a_locked_file_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    store = make(f"sqlite:///{path}", patience_seconds=20)
    await talk(store, History(1, undo_every=99), 2)
    tracker = await store.retrieve("c")
    assert tracker is not None
    tracker.update(UserUttered("在吗", {"name": "ask"}))
    holding = sqlite3.connect(path, isolation_level=None)
    holding.execute("BEGIN IMMEDIATE")
    saving = asyncio.create_task(store.save(tracker))
    await asyncio.sleep(0.5)
    assert not saving.done()
    holding.execute("COMMIT")
    await saving
    holding.close()
    assert (await store.retrieve("c")).latest_message.text == "在吗"  # type: ignore[union-attr]


async def test_conversations_of_rasas_store_are_taken_over(url: str, tmp_path: Path) -> None:
    """Also several sessions, and the window is right at once."""
    told = []
    stock = SQLTrackerStore(DOMAIN, db=str(tmp_path / "stock.db"), host=None if "sqlite" in url else url)
    history = History(7, undo_every=99)
    for _ in range(40):
        tracker = await stock.get_or_create_tracker("c", append_action_listen=False)
        for event in history.turn(replay(told)):
            tracker.update(event)
            told.append(event)
        await stock.save(tracker)
    if "sqlite" in url:
        url = f"sqlite:///{tmp_path}/stock.db"
    store = make(url, turns=4)
    full = await store.retrieve_full_tracker("c")
    assert full is not None
    kept = await stock.retrieve_full_tracker("c")
    assert kept is not None and [e.as_dict() for e in full.events] == [e.as_dict() for e in kept.events]
    loaded = await store.retrieve("c")
    assert loaded is not None and state(loaded) == state(kept)
    stock.engine.dispose()


async def test_a_slot_that_the_domain_no_longer_has(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/t.db"
    store = make(url, turns=2)
    for number in range(6):
        tracker = await store.get_or_create_tracker("c", append_action_listen=False)
        events = [UserUttered(str(number), {"name": "ask"}), ActionExecuted(LISTEN)]
        for event in [SlotSet("product", "苹果14"), *events] if not number else events:
            tracker.update(event)
        await store.save(tracker)
    store.domain = type(DOMAIN).from_dict({**DOMAIN.as_dict(), "slots": {}})
    tracker = await store.retrieve("c")
    assert tracker is not None and "product" not in tracker.slots


def test_rasa_makes_it_from_the_endpoints(tmp_path: Path) -> None:
    config = EndpointConfig.from_dict(
        {"type": "bot.runtime.trackers.WindowTrackerStore", "url": f"sqlite:///{tmp_path}/t.db", "turns": 6}
    )
    assert isinstance(TrackerStore.create(config, DOMAIN), WindowTrackerStore)
    with pytest.raises(ValueError, match="turns"):
        make(f"sqlite:///{tmp_path}/t.db", turns=1)


def test_erased_is_erased(url: str) -> None:
    upgrade(url, "runtime")
    for sender in ("a", "b"):
        tracker_rows.save(url, sender, tracker_rows.Saved(1, [[{"event": "action", "name": LISTEN, "timestamp": 1.0}]]))
    assert tracker_rows.erase(url, ["a"]) == {"tracker_turns": 1, "tracker_heads": 1}
    with engine_for(url).connect() as connection:
        for table in ("tracker_turns", "tracker_heads"):
            assert connection.execute(text(f"SELECT DISTINCT sender_id FROM {table}")).scalars().all() == ["b"]
