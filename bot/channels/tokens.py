"""Access tokens of the platforms' APIs: one for all processes, fetched once however many need it at the same time."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from bot.channels import shared

_MARGIN = 300  # seconds before its end at which a token is not used any more
_LEASE = 15  # seconds that one process may take to fetch it
_POLL = 0.05

Fetch = Callable[[bool], Awaitable[tuple[str, float]]]


class AccessToken:
    """The token under `name` in the store `url`; `fetch` gets one: (token, seconds that it lives).

    `fetch` is told whether the platform has refused the last one, so that the same must not come again.
    """

    def __init__(self, url: str, name: str, fetch: Fetch) -> None:
        self._url = url
        self._key = f"token:{name}"
        self._fetch = fetch

    async def get(self) -> str:
        """A token that works.

        Raises:
            ApiError: the platform gives none.
            TimeoutError: another process holds the right to fetch it and does not come back.
        """
        for _ in range(int(2 * _LEASE / _POLL)):
            known = await asyncio.to_thread(shared.get_value, self._url, self._key)
            if known:
                return known.split(" ", 1)[1]
            if await shared.take_lease(self._url, f"lease:{self._key}", _LEASE):
                return await self._renew()
            await asyncio.sleep(_POLL)
        raise TimeoutError(f"access token {self._key} is being fetched elsewhere for too long")

    async def _renew(self) -> str:
        try:
            # Between our look and our lease another process may have come and gone.
            known = await asyncio.to_thread(shared.get_value, self._url, self._key)
            if known:
                return known.split(" ", 1)[1]
            forced = await asyncio.to_thread(shared.get_value, self._url, f"refused:{self._key}")
            token, seconds = await self._fetch(forced is not None)
            # Marked, so that `refused` never mistakes a new token that reads like the old one.
            stored = f"{secrets.token_hex(4)} {token}"
            await asyncio.to_thread(
                shared.set_value, self._url, self._key, stored, max(seconds - _MARGIN, min(seconds, 30))
            )
            return token
        finally:
            await asyncio.to_thread(shared.forget, self._url, f"lease:{self._key}")

    async def refused(self, token: str) -> None:
        """The platform did not take `token`: drop it, unless a newer one is there already."""
        known = await asyncio.to_thread(shared.get_value, self._url, self._key)
        if known and known.split(" ", 1)[1] == token:
            await asyncio.to_thread(shared.set_value, self._url, f"refused:{self._key}", "", _LEASE)
            await asyncio.to_thread(shared.drop_value, self._url, self._key, known)
