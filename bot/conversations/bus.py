"""Wake-ups between processes: "look, there is news of X". What the news is stands in the database.

A wake-up may get lost and may come twice; whoever listens looks into the database, and sweeps it now and then besides.
`publish` may be called from any thread, never waits and never fails. Handlers run in the event loop that subscribed.
Topics: message, inbox, outbox, owner, events, typing; and RESYNC, when wake-ups may have been missed.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from bot.settings import Settings

Handler = Callable[[str, dict[str, Any]], None]
RESYNC = "resync"
_LOG = logging.getLogger(__name__)


class Bus:
    """The bus of one process alone; the others carry its wake-ups further."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: dict[int, tuple[asyncio.AbstractEventLoop, frozenset[str], Handler]] = {}
        self._next = 0

    def publish(self, topic: str, data: dict[str, Any]) -> None:
        """Wake who subscribed to `topic`, here and in other processes."""
        self.deliver(topic, data)

    def subscribe(self, topics: set[str], handler: Handler) -> Callable[[], None]:
        """Call `handler(topic, data)` in the running loop for `topics` and RESYNC; returns how to end it."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._next += 1
            number = self._next
            self._subscribers[number] = (loop, frozenset(topics | {RESYNC}), handler)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers.pop(number, None)

        return unsubscribe

    def deliver(self, topic: str, data: dict[str, Any]) -> None:
        """Hand a wake-up to the subscribers of this process."""
        with self._lock:
            wanted = [(loop, handler) for loop, topics, handler in self._subscribers.values() if topic in topics]
        for loop, handler in wanted:
            try:
                loop.call_soon_threadsafe(_call, handler, topic, data)
            except RuntimeError:  # its loop has ended
                _LOG.debug("a subscriber of %s is gone", topic)

    async def start(self) -> None:
        """Begin to hear other processes; safe to call more than once."""

    async def close(self) -> None:
        """Stop hearing other processes."""


def _call(handler: Handler, topic: str, data: dict[str, Any]) -> None:
    try:
        handler(topic, data)
    except Exception:  # one handler's fault must not end the loop's callbacks
        _LOG.exception("the wake-up %s could not be handled", topic)


def bus_of(settings: Settings) -> Bus:
    """The bus of this process as endpoints.yml's `bus` has it, made once for each setting.

    By default processes of one machine find each other in `var/bus` and nothing need be installed.
    """
    return _bus(settings.bus.type, settings.bus.url, str(settings.var / "bus"))


@lru_cache(maxsize=8)
def _bus(kind: str, url: str, folder: str) -> Bus:
    if kind == "redis":
        from bot.conversations.bus_redis import RedisBus

        return RedisBus(url)
    if kind == "process":
        return Bus()
    from bot.conversations.bus_local import LocalBus

    return LocalBus(folder)
