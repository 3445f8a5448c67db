"""`make bench-trackers`: loading and saving a turn in a short and in a long conversation, beside Rasa's SQL store."""

import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.db import engine_for
from bot.runtime import tracker_rows
from bot.runtime.trackers import WindowTrackerStore

SIZES = (50, 20_000)  # events of the conversations compared
_WARM = 15  # turns before the clock runs: the window has its length then
_BEGAN = 1_700_000_000.0  # seconds since the epoch; Rasa's store loads what is later than the session's beginning
_LISTEN = "action_listen"
_DOMAIN = Domain.from_dict(
    {
        "intents": [f"intent_{n}" for n in range(10)],
        "slots": {"product": {"type": "text", "mappings": [{"type": "custom"}]}},
        "actions": ["action_answer_price"],
    }
)


@dataclass(frozen=True)
class Cost:
    """Milliseconds to load a conversation of `events` events and to save one more turn (median of the rounds)."""

    store: str
    events: int
    load_ms: float
    save_ms: float

    @property
    def turn_ms(self) -> float:
        """Both together."""
        return self.load_ms + self.save_ms


def bench_trackers(url: str = "", rounds: int = 30, sizes: Sequence[int] = SIZES) -> list[Cost]:
    """Measure both stores at each size; prints a table and returns its rows.

    Args:
        url: a database for both, SQLite files of its own without one.
        rounds: turns measured at each size.
        sizes: events of the conversation before the first turn.
    """
    with tempfile.TemporaryDirectory(prefix="dianxiaoer-bench-") as folder:
        ours = url or f"sqlite:///{folder}/ours.db"
        found = []
        for size in sizes:
            sender = f"bench-{uuid.uuid4().hex}"
            rasas = SQLTrackerStore(_DOMAIN, host=url or None, db=f"{folder}/rasa.db")
            windows = WindowTrackerStore(_DOMAIN, ours, kept=0)  # to load is what is measured
            try:
                found.append(asyncio.run(_measure("Rasa SQL", rasas, _fill_rasas, sender, size, rounds)))
                found.append(asyncio.run(_measure("店小二", windows, _fill_ours, sender, size, rounds)))
            finally:
                tracker_rows.erase(ours, [sender])
                with rasas.session_scope() as session:
                    session.query(rasas.SQLEvent).filter_by(sender_id=sender).delete()
                    session.commit()
                rasas.engine.dispose()
        engine_for(ours).dispose()
    print(table(found, rounds))
    return found


def table(found: Sequence[Cost], rounds: int) -> str:
    """The figures as Markdown: one line a size and store, with how much dearer Rasa's store is at that size."""
    lines = [
        f"一轮的读和存，各 {rounds} 轮的中位数（毫秒）",
        "",
        "| 会话有多少事件 | 存储 | 读 | 存 | 合计 | 是店小二的几倍 |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for cost in found:
        own = next(other for other in found if other.events == cost.events and other.store == "店小二")
        lines.append(
            f"| {cost.events} | {cost.store} | {cost.load_ms:.2f} | {cost.save_ms:.2f} | {cost.turn_ms:.2f}"
            f" | {cost.turn_ms / own.turn_ms:.1f} |"
        )
    for store in dict.fromkeys(cost.store for cost in found):
        few, *_, many = [cost for cost in found if cost.store == store]
        lines.append(f"\n{store}：{many.events} 个事件的一轮是 {few.events} 个的 {many.turn_ms / few.turn_ms:.2f} 倍")
    return "\n".join(lines)


Fill = Callable[[TrackerStore, str, list[list[Event]]], object]


async def _measure(name: str, store: TrackerStore, fill: Fill, sender: str, size: int, rounds: int) -> Cost:
    turns = _turns()
    opening = (ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted(_LISTEN))
    for event in opening:
        event.timestamp = _BEGAN
    before: list[list[Event]] = [list(opening)]
    while sum(map(len, before)) < size:
        before.append(next(turns))
    filled = fill(store, sender, before)
    if asyncio.iscoroutine(filled):
        await filled
    loads, saves = [], []
    for number in range(_WARM + rounds):
        began = time.perf_counter()
        tracker = await store.retrieve(sender)
        loaded = time.perf_counter()
        assert tracker is not None
        for event in next(turns):
            tracker.update(event)
        ready = time.perf_counter()
        await store.save(tracker)
        if number >= _WARM:
            loads.append(1000 * (loaded - began))
            saves.append(1000 * (time.perf_counter() - ready))
    return Cost(name, size, statistics.median(loads), statistics.median(saves))


def _fill_ours(store: TrackerStore, sender: str, turns: list[list[Event]]) -> None:
    assert isinstance(store, WindowTrackerStore)
    told = [[event.as_dict() for event in turn] for turn in turns]
    tracker_rows.save(store.url, sender, tracker_rows.Saved(1, told))


async def _fill_rasas(store: TrackerStore, sender: str, turns: list[list[Event]]) -> None:
    events = [event for turn in turns for event in turn]
    await store.save(DialogueStateTracker.from_events(sender, events, _DOMAIN.slots))


def _turns() -> Iterator[list[Event]]:
    """Turns as the shop has them: a message with its ranking, a slot, two actions, an answer."""
    clock, number = _BEGAN, 0
    while True:
        number += 1
        ranking = [{"name": f"intent_{n}", "confidence": 0.1} for n in range(10)]
        parsed = {"intent": ranking[number % 10], "intent_ranking": ranking, "entities": []}
        text = f"第 {number} 句：iPhone 14 多少钱"
        turn: list[Event] = [
            UserUttered(text, ranking[number % 10], [], parsed, input_channel="rest", message_id=uuid.uuid4().hex),
            SlotSet("product", f"P{number}"),
            ActionExecuted("action_answer_price", policy="RulePolicy", confidence=1.0),
            BotUttered(f"这款现价 {number} 元", {}, {"utter_action": "utter_price"}),
            ActionExecuted(_LISTEN, policy="RulePolicy", confidence=1.0),
        ]
        for event in turn:
            clock += 0.25
            event.timestamp = clock
        yield turn
