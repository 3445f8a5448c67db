"""Waiting that behaves when the task is told to end: news with a time limit, threads that finish what they took."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import async_timeout

T = TypeVar("T")


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
