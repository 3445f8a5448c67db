"""Answers on their way out: each conversation's in order, tried again while there is hope, recorded either way."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable
from typing import Any, Protocol

from bot.channel_settings import Channels
from bot.channels.api import ApiError
from bot.channels.outgoing import Outgoing, from_content
from bot.conversations import (
    RESYNC,
    Store,
    give_up,
    hurry,
    new_worker,
    next_due,
    release_outgoing,
    sent,
    take_outgoing,
    try_again,
)
from bot.conversations import Outgoing as Delivery
from bot.observing import tracing
from bot.observing.context import about
from bot.observing.metrics import DELIVERIES
from bot.waiting import ClockWatch, news_within, to_the_end

logger = logging.getLogger(__name__)

_LOOK = 5.0  # seconds between looks for messages whose wake-up got lost
_LONGEST_WAIT = 600.0
_STILL_WRONG = 10.0  # seconds after a jump in which a delivery on its way may have been planned by the clock before


class Deliverer(Protocol):
    """What a channel offers the sender."""

    async def deliver(self, delivery: Delivery, outgoing: Outgoing) -> str | None:
        """Send one utterance; the platform's id of it.

        Raises:
            ApiError: it did not arrive; `again` says whether it may later.
        """


def backoff(attempts: int) -> float:
    """Seconds to wait after so many attempts: 1, 2, 4 … ten minutes, spread a little."""
    return float(min(2.0 ** (attempts - 1), _LONGEST_WAIT)) * random.uniform(0.8, 1.2)


class Sender:
    """Takes a channel's messages from the outbox and hands them to it."""

    def __init__(self, store: Store, channel: str, settings: Channels, deliverer: Deliverer) -> None:
        self._store = store
        self._channel = channel
        self._attempts = settings.send_attempts
        self._deliverer = deliverer
        self._worker = new_worker()
        self._clock = ClockWatch()
        self._news = asyncio.Event()
        self._stopping = False
        self._loop_task: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin to send, first what an earlier process left."""
        self._unsubscribe = self._store.bus.subscribe({"outbox"}, self._wake)
        self._loop_task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop; what is being sent gets a moment to arrive, so that it is not sent twice."""
        self._stopping = True
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._loop_task is not None:
            self._loop_task.cancel()
            await asyncio.gather(self._loop_task, return_exceptions=True)
        if self._sending:
            await asyncio.wait(self._sending, timeout=5)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await asyncio.to_thread(release_outgoing, self._store, self._worker)

    def _wake(self, topic: str, data: dict[str, Any]) -> None:
        if topic == RESYNC or data.get("channel") == self._channel:
            self._news.set()

    async def _run(self) -> None:
        once_more = math.inf
        while not self._stopping:
            self._news.clear()
            wait = _LOOK
            try:
                jumped = self._clock.jumped()
                if jumped or time.monotonic() > once_more:
                    once_more = time.monotonic() + _STILL_WRONG if jumped else math.inf
                    await asyncio.to_thread(hurry, self._store, self._channel)
                taken = await to_the_end(take_outgoing, self._store, self._channel, self._worker)
                for delivery in taken:
                    task = asyncio.get_running_loop().create_task(self._send(delivery))
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)
                if not taken:
                    due = await asyncio.to_thread(next_due, self._store, self._channel)
                    wait = _LOOK if due is None else min(_LOOK, max(0.02, due - time.time()))
            except Exception:
                logger.exception("The outbox of %s cannot be read", self._channel)
            await news_within(self._news, wait)

    async def _send(self, delivery: Delivery) -> None:
        trace = tracing.last_turn(delivery.conversation_id)
        with about(delivery.conversation_id), tracing.continued(trace), tracing.span("send", channel=self._channel):
            await self._try(delivery)

    async def _try(self, delivery: Delivery) -> None:
        try:
            outgoing = from_content(delivery.message.content)
            platform_id = None if outgoing is None else await self._deliverer.deliver(delivery, outgoing)
            await asyncio.to_thread(sent, self._store, delivery, platform_id)
            DELIVERIES.labels(self._channel, "sent").inc()
        except ApiError as error:
            await self._failed(delivery, error, error.again, error.wait)
        except Exception as error:
            logger.exception("A message of %s could not be sent", self._channel)
            await self._failed(delivery, error, True, 0.0)

    async def _failed(self, delivery: Delivery, error: Exception, again: bool, wait: float) -> None:
        words = str(error) or type(error).__name__
        if again and delivery.attempts < self._attempts:
            seconds = max(wait, backoff(delivery.attempts))
            DELIVERIES.labels(self._channel, "retried").inc()
            await asyncio.to_thread(try_again, self._store, delivery, words, seconds)
            self._news.set()  # the loop must know when to look again
        else:
            logger.warning("A message of %s is given up: %s", self._channel, words)
            DELIVERIES.labels(self._channel, "failed").inc()
            await asyncio.to_thread(give_up, self._store, delivery, words)
