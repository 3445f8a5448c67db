"""Calls to the platforms' APIs: time limits, what an answer means, and one more try with a fresh access token."""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.bodies import read_within
from bot.channels.tokens import AccessToken

logger = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=3)
_LARGEST_ANSWER = 1024 * 1024


class ApiError(Exception):
    """A call failed. `again` says whether it may work later, `wait` when at the earliest (seconds)."""

    def __init__(self, message: str, *, code: Any = None, again: bool = False, wait: float = 0.0) -> None:
        super().__init__(message)
        self.code = code
        self.again = again
        self.wait = wait


class TokenRefused(ApiError):
    """The access token is not valid any more."""


class TooLarge(ApiError):
    """A file is larger than allowed."""


class Client:
    """One connection pool per event loop; close it with `close`."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self._session

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        largest: int = _LARGEST_ANSWER,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """The answer's status, headers and body; `path` may be a whole address. JSON goes out as readable UTF-8.

        Raises:
            ApiError: no answer (`again`), or one larger than `largest` bytes.
        """
        address = path if path.startswith(("http://", "https://")) else self._base + path
        given = dict(headers or {})
        if body is not None:
            # Some of the platforms show \\u escapes to the customer as they are.
            data = json.dumps(body, ensure_ascii=False).encode()
            given["Content-Type"] = "application/json; charset=utf-8"
        try:
            async with self._pool().request(
                method, address, params=params, data=data, headers=given, allow_redirects=False
            ) as answer:
                content = await read_within(answer, largest)
                if content is None:
                    raise TooLarge(f"{path.partition('?')[0]} answers with more than {largest} bytes")
                return answer.status, answer.headers, content
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            # The address may hold a secret (session webhooks do), so it is not in the message.
            raise ApiError(f"no answer: {type(error).__name__}", again=True) from None

    async def json(self, method: str, path: str, **options: Any) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        """As `send`, the body read as a JSON object.

        Raises:
            ApiError: also for a server's failure (5xx, 429: `again`) or what is no JSON object.
        """
        status, headers, content = await self.send(method, path, **options)
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            again = status >= 500 or status == 429
            raise ApiError(f"HTTP {status} without JSON", code=status, again=again, wait=retry_after(headers))
        return status, headers, answer


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that a `Retry-After` header asks for, at most an hour."""
    text = headers.get("Retry-After", "")
    return float(min(int(text), 3600)) if text.isascii() and text.isdigit() else 0.0


async def with_token(token: AccessToken, call: Any) -> Any:
    """`await call(access_token)`, once more with a fresh token when the platform refuses the first."""
    value = await token.get()
    try:
        return await call(value)
    except TokenRefused:
        await token.refused(value)
    return await call(await token.get())
