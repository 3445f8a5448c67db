"""Waiting that behaves when the task is told to end: news with a time limit, threads that finish what they took."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

import async_timeout

T = TypeVar("T")
_JUMP = 2.0  # seconds


async def news_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait until `event` is set, at most `seconds` (None: for ever); whether it was.

    Not `asyncio.wait_for`: of Python 3.10 it loses a cancellation that meets its result (bpo-42130), and a loop
    around it goes on for ever.
    """
    try:
        async with async_timeout.timeout(seconds):
            await event.wait()
    except asyncio.TimeoutError:
        return False
    return True


class ClockWatch:
    """Notices when the machine's clock was set: times that were written down before mean something else now."""

    def __init__(self) -> None:
        self._ahead = self._difference()

    def jumped(self) -> bool:
        """Whether it was set since the last call; clocks that are only drifting do not count."""
        before, self._ahead = self._ahead, self._difference()
        return abs(self._ahead - before) > _JUMP

    @staticmethod
    def _difference() -> float:
        return time.time() - time.monotonic()


async def to_the_end(function: Callable[..., T], *args: Any, **options: Any) -> T:
    """Run `function` in a thread; a cancellation is raised only when the thread is done.

    `asyncio.to_thread` raises it at once while its thread goes on: a lease that the thread takes afterwards would be
    given back by nobody.
    """
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **options))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.gather(work, return_exceptions=True)
        raise
