"""Waiting for news: in time, too late, and a task that is told to end just as the news comes."""

import asyncio
import threading
import time

import pytest

from bot.waiting import ClockWatch, news_within, to_the_end


async def test_news_in_time_and_too_late() -> None:
    event = asyncio.Event()
    assert not await news_within(event, 0.01)
    asyncio.get_running_loop().call_later(0.01, event.set)
    assert await news_within(event, 5)
    assert await news_within(event, None)


async def test_a_task_ends_though_the_news_comes_in_the_same_moment() -> None:
    event = asyncio.Event()

    async def loop() -> None:
        while True:
            await news_within(event, 60)
            event.clear()

    for steps in range(6):
        task = asyncio.create_task(loop())
        await asyncio.sleep(0.01)
        event.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=1)
        assert task.cancelled(), steps


async def test_a_thread_is_waited_for_though_the_task_is_told_to_end() -> None:
    began, may_end, done = threading.Event(), threading.Event(), []

    def work(word: str) -> str:
        began.set()
        assert may_end.wait(20)
        done.append(word)
        return word

    task = asyncio.create_task(to_the_end(work, "一"))
    await asyncio.to_thread(began.wait, 20)
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    may_end.set()
    await asyncio.wait({task}, timeout=20)
    assert task.cancelled() and done == ["一"]
    assert await to_the_end(work, "二") == "二"


def test_a_clock_that_was_set_is_noticed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, real, wrong = ClockWatch(), time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + wrong[0])
    assert not watch.jumped()
    for wrong[0] in (3600.0, -3600.0, 0.0):
        assert watch.jumped() and not watch.jumped()
