"""A lock store for several Rasa servers, on Redis.

endpoints.yml:

    lock_store:
      type: bot.runtime.locks.TicketLocks
      url: redis://127.0.0.1:6379/0

Messages of a conversation are handled one after another, in the order in which they came. Unlike Rasa's own Redis
store each step is one script, so that two servers cannot get the same ticket; who waits is woken at once; and a ticket
lives as long as its process says so, not for a fixed minute.

- A server that dies holding a lock: the next message goes on when the lease ends (`lease_seconds`).
- Redis is away: who holds a lock goes on; who wants one tries for `patience_seconds`, then gets a LockError.
- Redis lost its data or its clock jumped: for two seconds nobody gets a lock, holders and waiters take their old
  places; see `bot.runtime.lock_scripts`.
- Someone waits longer than `lock_lifetime` (Rasa's TICKET_LOCK_LIFETIME, 60 s): LockError, as with Rasa's stores.
- A turn runs longer than `longest_seconds`: its lease is no longer renewed, the next message goes on beside it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import redis
import redis.asyncio
from rasa.core.lock import Ticket, TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore
from rasa.utils.endpoints import EndpointConfig

from bot.runtime.lock_renewal import Renewal
from bot.runtime.lock_scripts import ENTER, LEAVE, LOOK
from bot.runtime.lock_ticket import GRACE, WAKE_KEPT, Held, Keys, not_in_time

_LOG = logging.getLogger(__name__)
_DOWN = (redis.ConnectionError, redis.TimeoutError, OSError)
_SOCKET_SECONDS = 2.0
_T = TypeVar("_T")


class TicketLocks(LockStore):
    """Ticket locks in Redis; use it as Rasa does: `async with store.lock(conversation_id)`.

    Rasa's single steps (get, change, save) are not offered: done one by one they are not atomic.
    """

    def __init__(self, endpoint_config: EndpointConfig) -> None:
        """Of the section `lock_store` of endpoints.yml; nothing is sent to Redis yet.

        Raises:
            ValueError: the address is no address of a Redis server, or a setting is unknown.
        """
        super().__init__()
        self._url = endpoint_config.url or "redis://127.0.0.1:6379/0"
        options = dict(endpoint_config.kwargs)
        self._lease = float(options.pop("lease_seconds", 6.0))
        self._patience = float(options.pop("patience_seconds", 10.0))
        self._longest = float(options.pop("longest_seconds", 300.0))
        self._keys = Keys(str(options.pop("key_prefix", "dianxiaoer:lock:")))
        if options:
            raise ValueError(f"lock_store in endpoints.yml: unknown settings {', '.join(options)}")
        redis.Redis.from_url(self._url).close()  # a wrong address is told at the start
        self._renewal = Renewal(self._url, self._keys, self._lease)
        self._renewal.start()
        self._loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock for a block.

        Args:
            conversation_id: whose.
            lock_lifetime: seconds to wait for it at most.
            wait_time_in_seconds: of Rasa's interface; nothing is polled here.

        Raises:
            LockError: it was not to be had in time, or Redis is away.
        """
        self._connect()
        held = self._renewal.new_ticket(conversation_id)
        until = time.monotonic() + lock_lifetime
        try:
            await self._enter(held, until)
            yield TicketLock(conversation_id, _as_rasa(held, lock_lifetime))
        finally:
            self._renewal.forget(held)
            # A cancelled task still lets go of the lock.
            await asyncio.shield(self._leave(held))

    def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._renewal.start()  # of this process: a worker may have been forked since
        make = redis.asyncio.Redis.from_url
        quick: Any = make(self._url, socket_timeout=_SOCKET_SECONDS, socket_connect_timeout=_SOCKET_SECONDS)
        self._waiting: Any = make(self._url, socket_connect_timeout=_SOCKET_SECONDS)
        self._enter_script, self._look_script, self._leave_script = map(quick.register_script, (ENTER, LOOK, LEAVE))
        self._loop = loop

    async def _enter(self, held: Held, until: float) -> None:
        begin = self._arguments(held)
        number, wait = await self._patiently(lambda: self._enter_script(*begin), until)
        held.number = number.decode() if isinstance(number, bytes) else str(number)
        self._renewal.keep(held, time.monotonic() + self._longest)
        while wait:
            left = until - time.monotonic()
            if left <= 0:
                raise not_in_time(held.conversation_id)
            await self._sleep(held, min(wait / 1000 + 0.001, left))
            wait = await self._patiently(lambda: self._look_script(*self._arguments(held, held.number)), until)
        held.holds = True

    async def _sleep(self, held: Held, seconds: float) -> None:
        """Until woken, `seconds` at most."""
        try:
            await asyncio.wait_for(self._waiting.blpop([self._keys.wake(held)], timeout=seconds), seconds + 1)
        except asyncio.TimeoutError:
            return
        except _DOWN:
            await asyncio.sleep(min(seconds, 0.1))

    async def _leave(self, held: Held) -> None:
        try:
            await self._leave_script(*self._arguments(held, WAKE_KEPT))
        except redis.RedisError as error:  # the turn is done; the lease ends by itself
            _LOG.warning("A lock could not be let go of, it ends in %.0f s: %s", self._lease, error)

    async def _patiently(self, call: Callable[[], Awaitable[_T]], until: float) -> _T:
        give_up = min(until, time.monotonic() + self._patience)
        pause = 0.05
        while True:
            try:
                return await call()
            except (*_DOWN, redis.BusyLoadingError) as error:
                if time.monotonic() + pause > give_up:
                    where = self._url.rpartition("@")[2]
                    raise LockError(f"Redis, which keeps the locks, is away ({where}): {error}") from error
            except redis.RedisError as error:
                raise LockError(f"Redis refused to lock: {error}") from error
            await asyncio.sleep(pause)
            pause = min(2 * pause, 0.5)

    def _arguments(self, held: Held, *more: object) -> tuple[list[str], list[object]]:
        lease = int(self._lease * 1000)
        return self._keys.of(held.conversation_id), [held.token, lease, GRACE, self._keys.wake(), *more]


def _as_rasa(held: Held, lifetime: float) -> Any:
    return [Ticket(int(held.number), time.time() + lifetime)]
