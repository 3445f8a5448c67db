"""Short database work of a coroutine: without a thread where the database is a file on this machine.

SQLite answers a short statement sooner than a thread takes over, and while turns compute each step in a thread waits
for the interpreter, twice. What would have to wait, for a transaction of another process, is done in a thread after
all, as everything is with a database behind a network.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from bot.database_url import is_file

_T = TypeVar("_T")


class WouldWait(Exception):
    """A transaction cannot begin at once."""


@dataclass
class Haste:
    """Of work that must not wait: whether it has begun to write, from when on it is not begun anew."""

    writes: bool = False


_haste: ContextVar[Haste | None] = ContextVar("haste", default=None)


def hurried() -> Haste | None:
    """The haste of the work that runs here; None when it may wait, or has written something."""
    haste = _haste.get()
    return None if haste is None or haste.writes else haste


async def run_brief(work: Callable[[], _T], *urls: str) -> _T:
    """What `work()` returns.

    Args:
        work: takes milliseconds, of this process or of the databases; may be begun anew until it begins to write.
        urls: of all databases that it uses.
    """
    if all(map(is_file, urls)):
        try:
            with _hurrying():
                return work()
        except WouldWait:
            pass
    return await asyncio.to_thread(work)


@contextmanager
def _hurrying() -> Iterator[None]:
    token = _haste.set(Haste())
    try:
        yield
    finally:
        _haste.reset(token)
