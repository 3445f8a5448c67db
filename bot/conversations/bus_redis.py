"""The bus of several machines: Redis publish/subscribe on one channel."""

import asyncio
import contextlib
import json
import logging
import queue
import threading
import uuid
from typing import Any

import redis
import redis.asyncio

from bot.conversations.bus import RESYNC, Bus
from bot.observing.metrics import BUS_RECONNECTS

_LOG = logging.getLogger(__name__)
_CHANNEL = "dianxiaoer:wake"
_SECONDS = 2.0
_LONGEST = 10.0  # between attempts to come back
_BACKLOG = 10_000


class RedisBus(Bus):
    """Processes that use the same Redis server (and `channel`) hear each other; when it is down, the sweeps remain."""

    def __init__(self, url: str, channel: str = _CHANNEL) -> None:
        super().__init__()
        self._url, self._channel = url, channel
        self._me = uuid.uuid4().hex
        self._task: asyncio.Task[None] | None = None
        self._outgoing: queue.Queue[str] = queue.Queue(_BACKLOG)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def publish(self, topic: str, data: dict[str, Any]) -> None:
        self.deliver(topic, data)
        with self._starting:
            if self._thread is None:  # a thread of its own: publishing must never wait for the network
                self._thread = threading.Thread(target=self._send, name="bus", daemon=True)
                self._thread.start()
        with contextlib.suppress(queue.Full):
            self._outgoing.put_nowait(json.dumps([self._me, topic, data], ensure_ascii=False))

    def _send(self) -> None:
        client = redis.Redis.from_url(self._url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
        while True:
            packet = self._outgoing.get()
            try:
                client.publish(self._channel, packet)
            except redis.RedisError as error:
                _LOG.warning("a wake-up did not reach Redis: %s", error)

    async def start(self) -> None:
        if self._task is None or self._task.done():
            ready = asyncio.Event()
            self._task = asyncio.create_task(self._listen(ready))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ready.wait(), _SECONDS)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _listen(self, ready: asyncio.Event) -> None:
        pause = 0.1
        while True:
            client = redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=_SECONDS)
            try:
                async with client.pubsub() as heard:
                    await heard.subscribe(self._channel)
                    self.deliver(RESYNC, {})
                    ready.set()
                    pause = 0.1
                    async for message in heard.listen():
                        if message["type"] == "message":
                            self._hear(message["data"])
            except (redis.RedisError, OSError) as error:
                BUS_RECONNECTS.inc()
                _LOG.warning("Redis at the bus is down, looking again in %.1f s: %s", pause, error)
            finally:
                await client.close()
            await asyncio.sleep(pause)
            pause = min(_LONGEST, pause * 2)

    def _hear(self, packet: bytes) -> None:
        try:
            sender, topic, data = json.loads(packet)
        except (TypeError, ValueError):
            return
        if sender != self._me and isinstance(topic, str) and isinstance(data, dict):
            self.deliver(topic, data)
