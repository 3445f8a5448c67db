"""The bridge's clockwork: log → parcels → Chatwoot, and looks into it; in one process at a time."""

import asyncio
import contextlib
import logging
import time
from typing import Any

from bot.chatwoot import erasures, looking, parcels, sending
from bot.chatwoot.client import Client
from bot.chatwoot.pictures import Pictures
from bot.chatwoot_settings import DeskEndpoint
from bot.conversations import ONLINE, Store, new_worker, save_agent, seen, set_presence
from bot.waiting import news_within

_LOG = logging.getLogger(__name__)
_SWEEP_SECONDS = 5.0
_ALIVE_SECONDS = 10.0
_CAPACITY = 100_000


class Bridge:
    """Several processes may run it: the one with the lease works, another takes over when that one is gone."""

    def __init__(self, store: Store, endpoint: DeskEndpoint, pictures: Pictures) -> None:
        self._store = store
        self._endpoint = endpoint
        self._pictures = pictures
        self._worker = new_worker()
        self._seen = 0.0

    async def start(self) -> None:
        """Begin; the bus must have been started."""
        # To the queue Chatwoot is one agent who is always there.
        await asyncio.to_thread(save_agent, self._store, parcels.AGENT, "人工客服", capacity=_CAPACITY)
        self._news = asyncio.Event()
        self._unsubscribe = self._store.bus.subscribe({"events", "chatwoot"}, self._wake)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End and leave the lease to others."""
        self._unsubscribe()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(Exception):
            await asyncio.to_thread(parcels.let_go, self._store, self._worker)

    def _wake(self, _topic: str, _data: dict[str, Any]) -> None:
        self._news.set()

    async def _run(self) -> None:
        async with Client(self._endpoint) as client:
            while True:
                self._news.clear()
                try:
                    wait = await self.step(client)
                except Exception:  # the database may be away; the bridge must go on afterwards
                    _LOG.exception("the bridge to Chatwoot failed")
                    wait = 1.0
                await news_within(self._news, wait)

    async def step(self, client: Client) -> float:
        """Do all that is due; the seconds until something else may be."""
        if not await asyncio.to_thread(parcels.hold, self._store, self._worker):
            return _SWEEP_SECONDS
        await asyncio.to_thread(self._alive)
        while await asyncio.to_thread(parcels.make_parcels, self._store):
            pass
        sent = await sending.send_due(self._store, client, self._pictures)
        await asyncio.to_thread(parcels.hold, self._store, self._worker)
        await looking.look_where_due(self._store, client, self._pictures)
        if sent:
            return 0.0
        # After the sending: what was under way to the contact goes with it.
        await erasures.carry_out(self._store, client)
        due = [sending.next_due(self._store), looking.next_look(self._store), erasures.next_erasure(self._store)]
        return max(0.0, min([_SWEEP_SECONDS, *(moment - time.time() for moment in due if moment is not None)]))

    def _alive(self) -> None:
        if time.monotonic() - self._seen >= _ALIVE_SECONDS or not self._seen:
            set_presence(self._store, parcels.AGENT, ONLINE)
            seen(self._store, [parcels.AGENT])
            self._seen = time.monotonic()
