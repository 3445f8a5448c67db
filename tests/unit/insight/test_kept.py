"""Slow answers are renewed behind the reader's back."""

import asyncio
import threading
import time

from bot.insight.kept import Kept


async def test_who_asks_first_does_not_wait_for_long_and_the_answer_comes_later() -> None:
    gate = threading.Event()
    kept: Kept[int] = Kept(seconds=60, patience=0.01)

    def slow() -> int:
        gate.wait(5)
        return 7

    began = time.monotonic()
    assert await kept.get("a", slow) is None
    assert time.monotonic() - began < 1
    gate.set()
    while await kept.get("a", slow) is None:
        await asyncio.sleep(0.01)
    assert await kept.get("a", lambda: 8) == 7  # it is fresh


async def test_what_is_old_is_given_until_the_new_one_is_there_and_a_failure_changes_nothing() -> None:
    kept: Kept[int] = Kept(seconds=0, patience=5)
    assert await kept.get("a", lambda: 1) == 1
    assert await kept.get("a", lambda: 1 // 0) == 1
    assert await kept.get("a", lambda: 2) == 2


async def test_many_readers_compute_once() -> None:
    calls: list[int] = []
    kept: Kept[int] = Kept(seconds=60, patience=5)

    def count() -> int:
        time.sleep(0.05)
        calls.append(1)
        return len(calls)

    assert await asyncio.gather(*(kept.get("a", count) for _ in range(20))) == [1] * 20
