"""Calls to an outside system: token, timeouts, repetitions, circuit breaker, answers that are checked."""

import asyncio
import json
import random
import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from pydantic import ValidationError
from yarl import URL

from bot.observing import tracing
from bot.service_settings import SystemEndpoint
from bot.shop.access import Access
from bot.shop.adapters.breaker import Breaker
from bot.shop.adapters.http_errors import Transient, raise_for
from bot.shop.adapters.http_parts import as_list, headers_for, path_part, read_body
from bot.shop.adapters.in_time import limit
from bot.shop.adapters.operations import OPERATIONS, Operation
from bot.shop.adapters.wire import read_value
from bot.shop.errors import SystemDown

FIRST_PAUSE = 0.1


class HttpApi:
    """One system's HTTP interface; safe to share between tasks of one event loop or several."""

    def __init__(self, system: str, endpoint: SystemEndpoint) -> None:
        self.system, self.endpoint = system, endpoint
        self.breaker = Breaker(endpoint.breaker_failures, endpoint.breaker_seconds)
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()

    async def call(
        self, name: str, *, path: Mapping[str, str] | None = None, query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None, access: Access | None = None, key: str | None = None,
        preview: bool = False,
    ) -> Any:  # fmt: skip
        """The answer of the operation `name`: a value, or a list of values.

        Asked again after a failure only where that changes nothing twice: with a key, or when nothing is changed.

        Raises:
            NotFound, Refused, OutOfStock, UnknownSku, BadQuantity: as the system says.
            SystemDown: it does not answer, too late, or nonsense.
        """
        operation = OPERATIONS[name]
        url = self.endpoint.url + operation.path.format(**{n: path_part(text) for n, text in (path or {}).items()})
        if not self.breaker.allows():
            raise SystemDown(self.system, "刚才连续失败，稍后自动重试")
        try:
            with limit(self.endpoint.total_seconds) as ends, tracing.span("system", system=self.system, call=name):
                answer = await self._repeat(ends, operation, url, query or {}, body, access, key, preview)
        except (SystemDown, asyncio.CancelledError):
            self.breaker.failed()
            raise
        except Exception:  # a clear no is an answer
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return answer

    async def close(self) -> None:
        """Close the connections of the running loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    async def _repeat(self, ends: float, operation: Operation, *request: Any) -> Any:
        key = request[-2]
        tries = self.endpoint.tries if key or not operation.changes else 1
        failure: Transient | None = None
        for number in range(tries):
            # Half of the pause by chance, so that many clients do not come back at one moment.
            pause = FIRST_PAUSE * 2 ** (number - 1) * random.uniform(0.5, 1) if number else 0
            left = ends - time.monotonic() - pause
            if left <= 0:
                break
            await asyncio.sleep(pause)
            try:
                return await self._once(left, operation, *request)
            except Transient as error:
                failure = error
        raise SystemDown(self.system, str(failure or "超时")) from failure

    async def _once(
        self, seconds: float, operation: Operation, url: str, query: Mapping[str, Any],
        body: Mapping[str, Any] | None, access: Access | None, key: str | None, preview: bool,
    ) -> Any:  # fmt: skip
        parameters = [
            (name, str(one))
            for name, value in query.items()
            if value is not None
            for one in (value if isinstance(value, list) else [value])
        ]
        if preview:
            parameters.append(("preview", "true"))
        try:
            async with self._session().request(
                operation.method,
                URL(url, encoded=True).update_query(parameters),
                json={name: value for name, value in body.items() if value is not None} if body is not None else None,
                headers=headers_for(access, key),
                allow_redirects=False,
                timeout=self._timeout(seconds),
            ) as response:
                content = await read_body(response)
                status = response.status
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            raise Transient(type(error).__name__) from error
        try:
            answer = json.loads(content) if content else None
        except (ValueError, RecursionError) as error:
            raise Transient(f"HTTP {status}，不是 JSON") from error
        if status != 200:
            raise_for(status, answer, body or {})
        try:
            if operation.many:
                return [read_value(operation.answer, one) for one in as_list(answer)]
            return read_value(operation.answer, answer)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise Transient(f"答复不合格式：{where}") from error

    def _timeout(self, seconds: float) -> aiohttp.ClientTimeout:
        connect = min(self.endpoint.connect_seconds, seconds)
        return aiohttp.ClientTimeout(
            total=seconds, connect=connect, sock_connect=connect, sock_read=self.endpoint.read_seconds
        )

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            headers = {"Authorization": f"Bearer {self.endpoint.token}"} if self.endpoint.token else {}
            session = self._sessions[loop] = aiohttp.ClientSession(headers=headers)
        return session
