"""The desk's clockwork: wakes the dispatcher at each event and at each promised moment, in one process at a time."""

import asyncio
import contextlib
import logging
import time
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot import clock
from bot.conversations import Store, hold, let_go, new_worker
from bot.desk.dispatch import Onlooker
from bot.desk.surveyor import Surveyor
from bot.waiting import news_within

_LOG = logging.getLogger(__name__)
_LEASE = "desk"
_LEASE_SECONDS, _RENEW_SECONDS = 10.0, 3.0
_GATHER_SECONDS = 0.01  # events come in bursts; one look serves them all


class Service:
    """Several processes may run it: the one with the lease acts, another takes over when that one is gone."""

    def __init__(self, store: Store, dispatcher: Onlooker, surveyor: Surveyor) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._surveyor = surveyor
        self._worker = new_worker()
        self._renewed = 0.0
        self._woken: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; the bus must have been started."""
        self._woken = asyncio.Event()
        self._unsubscribe = self._store.bus.subscribe({"events"}, self._wake)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End and leave the lease to others."""
        self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(SQLAlchemyError):
            await asyncio.to_thread(let_go, self._store, _LEASE, self._worker)

    def _wake(self, _topic: str, _data: dict[str, Any]) -> None:
        assert self._woken is not None
        self._woken.set()

    async def _run(self) -> None:
        assert self._woken is not None
        while True:
            self._woken.clear()
            try:
                due = await asyncio.to_thread(self._step)
            except Exception:  # the database may be away; the desk must go on afterwards
                _LOG.exception("the desk's dispatcher failed")
                due = 1.0
            pause = _RENEW_SECONDS if due is None else min(clock.real_seconds(due), _RENEW_SECONDS)
            await news_within(self._woken, max(pause, _GATHER_SECONDS))
            await asyncio.sleep(_GATHER_SECONDS)

    def _step(self) -> float | None:
        if time.monotonic() - self._renewed >= _RENEW_SECONDS:
            if not hold(self._store, _LEASE, self._worker, _LEASE_SECONDS):
                return None
            self._renewed = time.monotonic()
        due = self._dispatcher.step()
        self._surveyor.step()
        return due
