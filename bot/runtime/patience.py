"""A turn waits for an action server that is away: killed and started again, or without its database.

Rasa goes on without the action then: the customer would get no answer, or half of one. Actions may run twice for one
message (see `bot.conversations.inbox`), so calling again is safe. Errors of the action itself are not repeated.
"""

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from rasa.core.actions.action import ActionExecutionRejection
from rasa.utils.endpoints import ClientResponseError

logger = logging.getLogger(__name__)

LONGEST = 90.0  # seconds; our channels give up a turn before (answer_timeout in credentials.yml)
_lost: contextvars.ContextVar[list[Exception] | None] = contextvars.ContextVar("lost", default=None)
AWAY = (502, 503, 504)  # of nginx, or of the action server without its database


@contextmanager
def noticing_lost_actions() -> Iterator[list[Exception]]:
    """The errors of the actions that failed in the block: Rasa itself goes on as if they had nothing to say."""
    lost: list[Exception] = []
    token = _lost.set(lost)
    try:
        yield lost
    finally:
        _lost.reset(token)


def patiently(original: Callable[..., Awaitable[Any]], longest: float = LONGEST) -> Callable[..., Awaitable[Any]]:
    """`RemoteAction.run`, called again while the action server cannot be reached."""

    async def run(*args: Any, **kwargs: Any) -> Any:
        until, pause = time.monotonic() + longest, 0.1
        while True:
            try:
                return await original(*args, **kwargs)
            except ActionExecutionRejection:
                raise
            except Exception as error:
                if not is_away(error) or time.monotonic() + pause > until:
                    lost = _lost.get()
                    if lost is not None:
                        lost.append(error)
                    raise
                logger.warning("The action server is away, trying again: %s", str(error)[:200])
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)

    return run


def is_away(error: BaseException) -> bool:
    """Whether the action server was not there, rather than the action wrong."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ClientResponseError):
        return cause.status in AWAY
    return isinstance(cause, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError)
