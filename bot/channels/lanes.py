"""Order: each conversation is a lane where one message is worked on at a time, in the order of their numbers."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from bot.channels.log import Stored

logger = logging.getLogger(__name__)


class Lane:
    """The queue of one conversation; `lock` guards storing and sending, so that pages see numbers in order."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting: deque[Stored] = deque()
        self.task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a message is being answered."""
        return self.task is not None


class Lanes:
    """All conversations of a channel; `answer` is awaited for each message put in."""

    def __init__(self, answer: Callable[[Stored], Awaitable[None]]) -> None:
        self._answer = answer
        self._lanes: WeakValueDictionary[str, Lane] = WeakValueDictionary()  # a lane lives while anybody uses it
        self._running: set[asyncio.Task[None]] = set()

    def __getitem__(self, conversation_id: str) -> Lane:
        lane = self._lanes.get(conversation_id)
        if lane is None:
            lane = self._lanes[conversation_id] = Lane()
        return lane

    def put(self, message: Stored) -> None:
        """Queue a customer's message for its answer."""
        lane = self[message.conversation_id]
        lane.waiting.append(message)
        if lane.task is None:
            lane.task = asyncio.create_task(self._work(lane))
            self._running.add(lane.task)
            lane.task.add_done_callback(self._running.discard)

    async def _work(self, lane: Lane) -> None:
        try:
            while lane.waiting:
                message = lane.waiting.popleft()
                try:
                    await self._answer(message)
                except Exception:  # the next message must still get its turn
                    logger.exception("Message %s of %s got no answer", message.number, message.conversation_id)
        finally:
            lane.task = None

    async def close(self) -> None:
        """Stop at once; what was not answered stays waiting in the log."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
