"""Calls to an outside system: token, timeouts, repetitions, circuit breaker, answers that are checked."""

import asyncio
import json
import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import aiohttp
from pydantic import ValidationError
from yarl import URL

from bot.service_settings import SystemEndpoint
from bot.shop.access import Access
from bot.shop.adapters.breaker import Breaker
from bot.shop.adapters.http_errors import Transient, raise_for
from bot.shop.adapters.operations import OPERATIONS, Operation
from bot.shop.adapters.wire import read_value
from bot.shop.errors import NotFound, SystemDown

LARGEST_ANSWER = 2 * 2**20
LONGEST_NUMBER = 128
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
        if not self.breaker.allows():
            raise SystemDown(self.system, "刚才连续失败，稍后自动重试")
        try:
            answer = await asyncio.wait_for(
                self._repeat(operation, path or {}, query or {}, body, access, key, preview),
                self.endpoint.total_seconds,
            )
        except asyncio.TimeoutError:
            self.breaker.failed()
            raise SystemDown(self.system, "超时") from None
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

    async def _repeat(self, operation: Operation, *request: Any) -> Any:
        key = request[-2]
        tries = self.endpoint.tries if key or not operation.changes else 1
        for number in range(tries):
            try:
                return await self._once(operation, *request)
            except Transient as failure:
                if number + 1 == tries:
                    raise SystemDown(self.system, str(failure)) from failure
                # Half of the pause by chance, so that many clients do not come back at one moment.
                await asyncio.sleep(FIRST_PAUSE * 2**number * random.uniform(0.5, 1))
        raise AssertionError("unreachable")  # tries is at least 1

    async def _once(
        self, operation: Operation, path: Mapping[str, str], query: Mapping[str, Any], body: Mapping[str, Any] | None,
        access: Access | None, key: str | None, preview: bool,
    ) -> Any:  # fmt: skip
        url = self.endpoint.url + operation.path.format(**{name: _part(text) for name, text in path.items()})
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
                headers=_headers(access, key),
                allow_redirects=False,
            ) as response:
                content = await _read(response)
                status = response.status
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            raise Transient(type(error).__name__) from error
        try:
            answer = json.loads(content) if content else None
        except ValueError as error:
            raise Transient(f"HTTP {status}，不是 JSON") from error
        if status != 200:
            raise_for(status, answer, body or {})
        try:
            if operation.many:
                return [read_value(operation.answer, one) for one in _listed(answer)]
            return read_value(operation.answer, answer)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise Transient(f"答复不合格式：{where}") from error

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            endpoint = self.endpoint
            timeout = aiohttp.ClientTimeout(
                total=endpoint.total_seconds, connect=endpoint.connect_seconds, sock_connect=endpoint.connect_seconds,
                sock_read=endpoint.read_seconds,
            )  # fmt: skip
            headers = {"Authorization": f"Bearer {endpoint.token}"} if endpoint.token else {}
            session = self._sessions[loop] = aiohttp.ClientSession(timeout=timeout, headers=headers)
        return session


def _part(text: str) -> str:
    """A number in a path; what could lead elsewhere names nothing."""
    if not 0 < len(text) <= LONGEST_NUMBER or not text.strip("."):
        raise NotFound("order", text)
    return quote(text, safe="")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(2**16):
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise Transient("答复太长")
    return bytes(content)


def _listed(answer: Any) -> list[Any]:
    if not isinstance(answer, list):
        raise Transient("答复应为列表")
    return answer


def _headers(access: Access | None, key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if access is not None:
        headers |= {"X-Channel": quote(access.channel), "X-Account": quote(access.account)}
        if access.customer_id is not None:
            headers["X-Customer"] = quote(access.customer_id)
    if key is not None:
        headers["Idempotency-Key"] = quote(key)
    return headers
