"""One limit for a call that asks a system several times."""

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from bot.shop.errors import SystemDown

Method = TypeVar("Method", bound=Callable[..., Any])


def in_time(method: Method) -> Method:
    """Bound a coroutine method of a class with an `api` by the time that one call may take with all repetitions."""

    @wraps(method)
    async def bounded(self: Any, *args: Any, **values: Any) -> Any:
        try:
            return await asyncio.wait_for(method(self, *args, **values), self.api.endpoint.total_seconds)
        except asyncio.TimeoutError:
            raise SystemDown(self.api.system, "超时") from None

    return cast(Method, bounded)
