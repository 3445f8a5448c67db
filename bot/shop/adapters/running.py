"""Database work off the event loop, answered in time or not at all."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

from bot.shop.errors import SystemDown

SECONDS = 3.0
T = TypeVar("T")


async def answered(system: str, function: Callable[..., T], *args: Any, **values: Any) -> T:
    """`function(*args, **values)` in a thread, so that a slow database holds up nobody else.

    Raises:
        SystemDown: the database does not answer, or not within three seconds.
    """
    try:
        return await asyncio.wait_for(asyncio.to_thread(partial(function, *args, **values)), SECONDS)
    except asyncio.TimeoutError:
        raise SystemDown(system, "超时") from None
    except (OperationalError, InterfaceError) as error:
        raise SystemDown(system, type(error.orig).__name__) from error
