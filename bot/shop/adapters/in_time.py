"""One limit for a call that asks a system several times: each request may only take what is left of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar, cast

_ends: ContextVar[float | None] = ContextVar("ends", default=None)
Method = TypeVar("Method", bound=Callable[..., Any])


@contextmanager
def limit(seconds: float) -> Iterator[float]:
    """When (of the monotonic clock) all that happens in the block must be over: an outer limit stays."""
    outer, own = _ends.get(), time.monotonic() + seconds
    ends = own if outer is None else min(outer, own)
    token = _ends.set(ends)
    try:
        yield ends
    finally:
        _ends.reset(token)


def in_time(method: Method) -> Method:
    """Bound a coroutine method of a class with an `api` by the time that one call may take with all repetitions."""

    @wraps(method)
    async def bounded(self: Any, *args: Any, **values: Any) -> Any:
        with limit(self.api.endpoint.total_seconds):
            return await method(self, *args, **values)

    return cast(Method, bounded)
