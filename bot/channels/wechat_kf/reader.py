"""Reads an account's messages by cursor: one reader at a time, nothing skipped, safe to stop at any point."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bot import clock
from bot.channels import shared
from bot.channels.api import ApiError
from bot.channels.wechat_kf.client import KfApi
from bot.channels.wechat_kf.protocol import TOKEN_SECONDS

logger = logging.getLogger(__name__)

_LEASE, _POLL = 30.0, 0.1
_TRIES = 5
_TOKEN_TOO_OLD = 95007
_OLD = 600.0  # what is older than this when an account is read for the first time was for somebody else

Handle = Callable[[Any], Awaitable[None]]


class Reader:
    """Hands each entry of an account's messages to `handle`, in order; a page counts once all its entries are stored.

    The cursor lies in the shared store. A page read twice does no harm: the inbox knows each message's id.
    """

    def __init__(self, store: str, corp_id: str, api: KfApi, handle: Handle) -> None:
        self._store = store
        self._corp_id = corp_id
        self._api = api
        self._handle = handle
        self._locks: dict[str, asyncio.Lock] = {}

    async def read(self, account: str, token: str = "") -> None:
        """Read all there is of `account`; `token` comes with the callback.

        Raises:
            ApiError: the platform does not answer; nothing is lost, the next call goes on where this one stopped.
        """
        key = f"kf:{self._corp_id}:{account}"
        async with self._locks.setdefault(account, asyncio.Lock()):
            while not await shared.take_lease(self._store, f"lease:{key}", _LEASE):
                await asyncio.sleep(_POLL)
            try:
                await self._pages(account, token, f"cursor:{key}")
            finally:
                await asyncio.to_thread(shared.forget, self._store, f"lease:{key}")

    async def _pages(self, account: str, token: str, key: str) -> None:
        cursor = await asyncio.to_thread(shared.get_value, self._store, key) or ""
        oldest = 0.0 if cursor else clock.now().timestamp() - _OLD
        more = True
        while more:
            page = await self._page(cursor, token, account)
            entries = page.get("msg_list")
            for entry in entries if isinstance(entries, list) else []:
                sent_at = entry.get("send_time") if isinstance(entry, dict) else None
                if isinstance(sent_at, int) and sent_at >= oldest:
                    await self._handle(entry)
            # has_more counts, not the list: a page may be empty and not the last.
            more = page.get("has_more") == 1 and page.get("next_cursor") != cursor
            cursor = str(page.get("next_cursor") or cursor)
            await asyncio.to_thread(shared.set_value, self._store, key, cursor)

    async def _page(self, cursor: str, token: str, account: str) -> dict[str, Any]:
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._api.sync(cursor, token, account)
            except ApiError as error:
                if error.code == _TOKEN_TOO_OLD and token:
                    token = ""
                elif not error.again or attempt == _TRIES:
                    raise
                else:
                    await asyncio.sleep(max(min(error.wait, 5.0), 0.2 * 2**attempt))
        raise ApiError("sync_msg refuses the token", again=True)


def token_of(token: str, created_at: float) -> str:
    """The callback's token while it serves, else "": reading goes without, only less often."""
    return token if clock.now().timestamp() - created_at < TOKEN_SECONDS else ""
