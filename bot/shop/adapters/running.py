"""The shop's database, asked by coroutines: it answers in time or not at all."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import async_timeout
from sqlalchemy.exc import InterfaceError, OperationalError

from bot.brief import run_brief
from bot.shop.errors import SystemDown

SECONDS = 3.0
T = TypeVar("T")


async def answered(system: str, function: Callable[..., T], url: str, *args: Any, **values: Any) -> T:
    """`function(url, *args, **values)`; see `asked`."""
    return await asked(system, url, partial(function, url, *args, **values))


async def asked(system: str, url: str, work: Callable[[], T], *, brief: bool = True) -> T:
    """What `work` on the database `url` returns; while it is slow, or not meant to be `brief`, others are served.

    Raises:
        SystemDown: the database does not answer, or not within three seconds.
    """
    try:
        async with async_timeout.timeout(SECONDS):
            return await (run_brief(work, url) if brief else asyncio.to_thread(work))
    except asyncio.TimeoutError:
        raise SystemDown(system, "超时") from None
    except (OperationalError, InterfaceError) as error:
        raise SystemDown(system, type(error.orig).__name__) from error
