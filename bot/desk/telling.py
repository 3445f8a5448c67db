"""Tells the event store what happens at the desk: nothing is lost and nothing counts twice.

The conversations' log is written in the transaction of what it tells of. From there the events go straight to the
event store (or its queue), and the place in the log moves on only afterwards: a process killed in between tells some
again, under the same ids.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

from bot import conversations
from bot.conversations import Happened, Store, new_worker
from bot.db import upgrade
from bot.desk.insight_events import events_of
from bot.events import masked
from bot.events.sinks import Sink, sink_for
from bot.settings import Settings
from bot.waiting import news_within

_LOG = logging.getLogger(__name__)
_LEASE, _LEASE_SECONDS = "telling", 30.0
_GATHER_SECONDS, _SWEEP_SECONDS, _LONGEST_WAIT = 0.3, 10.0, 30.0
_BATCH = 500


class Teller:
    """Several processes may run it; the one with the lease tells. `step` may run in a thread, one at a time."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._worker = new_worker()
        self._sink: Sink | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; the bus must have been started."""
        self._news = asyncio.Event()
        self._unsubscribe = self._store.bus.subscribe({"events"}, lambda _topic, _data: self._news.set())
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Tell the rest, if it is taken, and leave the lease to others."""
        self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(Exception):  # what is left waits in the log
            await asyncio.to_thread(self.step)
            await asyncio.to_thread(conversations.let_go, self._store, _LEASE, self._worker)
        if self._sink is not None:
            self._sink.close()

    async def _run(self) -> None:
        wait = _GATHER_SECONDS
        while True:
            self._news.clear()
            try:
                await asyncio.to_thread(self.step)
                wait = _GATHER_SECONDS
            except Exception as error:  # the event store may be away for days: the log keeps everything
                _LOG.warning("Events wait to be told: %s: %s", type(error).__name__, str(error)[:200])
                wait = min(2 * wait, _LONGEST_WAIT)
            await asyncio.sleep(wait)
            await news_within(self._news, _SWEEP_SECONDS)

    def step(self) -> None:
        """Tell everything that the log has and the event store has not.

        Raises:
            Exception: whatever the event store or its queue raises; nothing is forgotten then.
        """
        number = conversations.told(self._store)
        if conversations.last_event(self._store) <= number:
            return
        while conversations.hold(self._store, _LEASE, self._worker, _LEASE_SECONDS):
            news = conversations.events_after(self._store, conversations.told(self._store), limit=_BATCH)
            if not news:
                return
            self._tell(news)
            conversations.set_told(self._store, news[-1].number)

    def _tell(self, news: Sequence[Happened]) -> None:
        said = [(e.conversation_id, e.data["number"]) for e in news if e.conversation_id and "number" in e.data]
        messages = conversations.messages(self._store, said)
        channels = conversations.channels_of(self._store, {e.conversation_id for e in news if e.conversation_id})
        lines = [
            masked(event).to_json().encode()
            for happened in news
            for event in events_of(
                happened,
                messages.get((happened.conversation_id or "", happened.data.get("number", 0))),
                channels.get(happened.conversation_id or "", ""),
                self._settings.operations.desk,
            )
        ]
        if lines:
            self._where().deliver(lines)

    def _where(self) -> Any:
        if self._sink is None:
            if self._settings.events.type == "store":
                upgrade(self._settings.events_url, "events")
            self._sink = sink_for(self._settings.events, self._settings.events_url)
        return self._sink
