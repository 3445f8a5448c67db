"""A lock store for several Rasa servers on one machine, without a service beside them.

endpoints.yml:

    lock_store:
      type: bot.runtime.file_locks.FileLocks
      # url: var      # the folder of the file; by default that of the embedded databases

Each conversation is a place in one file of length 0, locked by the kernel (open file description locks, fcntl(2)): a
server that dies lets go of it, and nothing is left to clean. Within a process messages go in the order in which they
came; among processes who waits first is next.
"""

import asyncio
import fcntl
import hashlib
import os
import struct
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import async_timeout
from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockStore
from rasa.utils.endpoints import EndpointConfig

from bot.runtime.lock_ticket import not_in_time
from bot.settings import get_settings

_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.02  # seconds between two looks at a place that another process holds
_FLOCK = "hhqqi0q"  # struct flock: type, whence, start, length, process; padded as C does it


class FileLocks(LockStore):
    """Locks in a file; use it as Rasa does: `async with store.lock(conversation_id)`.

    Rasa's single steps (get, change, save) are not offered: done one by one they are not atomic.
    """

    def __init__(self, endpoint_config: EndpointConfig | None = None) -> None:
        """Of the section `lock_store` of endpoints.yml; makes the file.

        Raises:
            ValueError: the system has no such locks, or a setting is unknown.
        """
        super().__init__()
        if not hasattr(fcntl, "F_OFD_SETLK"):
            raise ValueError("lock_store in endpoints.yml: FileLocks needs Linux")
        options = dict(endpoint_config.kwargs) if endpoint_config else {}
        if options:
            raise ValueError(f"lock_store in endpoints.yml: unknown settings {', '.join(options)}")
        folder = Path(endpoint_config.url) if endpoint_config and endpoint_config.url else get_settings().var
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "conversations.lock"
        self._path.touch(mode=0o600)
        self._queues: dict[str, tuple[asyncio.Lock, int]] = {}  # of each conversation: who is in it, and how many

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock for a block.

        Args:
            conversation_id: whose.
            lock_lifetime: seconds to wait for it at most.
            wait_time_in_seconds: of Rasa's interface; who waits here looks more often.

        Raises:
            LockError: it was not to be had in time.
        """
        until = time.monotonic() + lock_lifetime
        async with self._queue(conversation_id, until):
            file = _File(self._path)
            try:
                await file.take(conversation_id, until)
                yield TicketLock(conversation_id)
            finally:
                file.close()

    @asynccontextmanager
    async def _queue(self, conversation_id: str, until: float) -> AsyncIterator[None]:
        """This process's own order."""
        lock, count = self._queues.get(conversation_id, (asyncio.Lock(), 0))
        self._queues[conversation_id] = lock, count + 1
        try:
            try:
                async with async_timeout.timeout(max(0.0, until - time.monotonic())):
                    await lock.acquire()
            except asyncio.TimeoutError:
                raise not_in_time(conversation_id) from None
            try:
                yield
            finally:
                lock.release()
        finally:
            lock, count = self._queues[conversation_id]
            if count == 1:
                del self._queues[conversation_id]
            else:
                self._queues[conversation_id] = lock, count - 1


class _File:
    """The file, opened for one turn: its locks belong to this opening."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    async def take(self, conversation_id: str, until: float) -> None:
        """The conversation's place, through the one before it, where a single process waits at a time.

        Raises:
            LockError: not before `until` (of the monotonic clock).
        """
        digest = hashlib.blake2b(conversation_id.encode(), digest_size=7).digest()
        held = 2 * int.from_bytes(digest, "big")
        await self._patiently(held + 1, conversation_id, until)
        await self._patiently(held, conversation_id, until)
        self._change(fcntl.F_UNLCK, held + 1)

    def close(self) -> None:
        """Let go of all; also where a child process has inherited the opening."""
        self._change(fcntl.F_UNLCK, 0, 0)
        os.close(self._descriptor)

    async def _patiently(self, place: int, conversation_id: str, until: float) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                self._change(fcntl.F_WRLCK, place)
                return
            except BlockingIOError:
                if time.monotonic() + pause > until:
                    raise not_in_time(conversation_id) from None
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)

    def _change(self, kind: int, start: int, length: int = 1) -> None:
        """Lock or unlock `length` places from `start` on; 0 means all."""
        fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, start, length, 0))
