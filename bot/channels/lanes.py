"""Order: each conversation is a lane where one message is worked on at a time, in the order of their numbers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from bot.conversations import Store, Stored, new_worker, release, take
from bot.waiting import to_the_end

logger = logging.getLogger(__name__)


class Lane:
    """One conversation in this process; `lock` guards sending, so that pages see numbers in order.

    `sent` is the number up to which its pages know everything, None while nobody looks. `senders` says which page
    (socket id) a message came from: that page knows it already.
    """

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.sent: int | None = None
        self.senders: dict[str, str] = {}
        self.task: asyncio.Task[None] | None = None
        self.again = False

    @property
    def busy(self) -> bool:
        """Whether a message is being answered."""
        return self.task is not None


class Lanes:
    """All conversations of a channel; `answer` is awaited for the oldest message that waits in the inbox."""

    def __init__(self, store: Store, channel: str, answer: Callable[[Stored], Awaitable[None]], lease: float) -> None:
        self._store = store
        self._channel = channel
        self._answer = answer
        self._lease = lease
        self._worker = new_worker()
        self._lanes: WeakValueDictionary[str, Lane] = WeakValueDictionary()  # a lane lives while anybody uses it
        self._running: set[asyncio.Task[None]] = set()

    def __getitem__(self, conversation_id: str) -> Lane:
        lane = self._lanes.get(conversation_id)
        if lane is None:
            lane = self._lanes[conversation_id] = Lane()
        return lane

    def is_watched(self, conversation_id: str) -> bool:
        """Whether a page shows the conversation."""
        lane = self._lanes.get(conversation_id)
        return lane is not None and lane.sent is not None

    def watched(self) -> dict[str, Lane]:
        """The lanes whose conversation is open on a page, by conversation id."""
        return {name: lane for name, lane in self._lanes.items() if lane.sent is not None}

    def wake(self, conversation_id: str) -> None:
        """Something may wait in the conversation's inbox."""
        lane = self[conversation_id]
        lane.again = True
        if lane.task is None:
            lane.task = asyncio.create_task(self._work(conversation_id, lane))
            self._running.add(lane.task)
            lane.task.add_done_callback(self._running.discard)

    async def _work(self, conversation_id: str, lane: Lane) -> None:
        try:
            while lane.again:
                lane.again = False
                while waiting := await self._take(conversation_id):
                    await self._answer(waiting[0])
        except Exception:  # it stays in the inbox; the next wake-up or sweep tries again
            logger.exception("The inbox of %s could not be worked through", conversation_id)
        finally:
            lane.task = None

    async def _take(self, conversation_id: str) -> list[Stored]:
        return await to_the_end(take, self._store, conversation_id, self._worker, lease=self._lease)

    async def close(self) -> None:
        """Stop at once; what was not answered stays in the inbox, and other servers are told to look there."""
        tasks = list(self._running)
        left = [name for name, lane in self._lanes.items() if lane.busy]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(release, self._store, self._worker)
        for name in left:
            self._store.bus.publish("inbox", {"conversation": name, "channel": self._channel})
