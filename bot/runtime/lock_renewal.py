"""The thread that says to Redis that this process and its tickets live, also while the event loop is busy."""

import contextlib
import itertools
import logging
import os
import threading
import time
import uuid

import redis

from bot.runtime.lock_scripts import BEAT, LEAVE, RENEW
from bot.runtime.lock_ticket import GRACE, WAKE_KEPT, Held, Keys

_LOG = logging.getLogger(__name__)
_SOCKET_SECONDS = 1.0
_RETRY = 0.25  # seconds; well inside the grace after Redis comes back


class Renewal:
    """Renews the kept tickets several times in a lease."""

    def __init__(self, url: str, keys: Keys, lease: float) -> None:
        self._url, self._keys, self._lease = url, keys, lease
        self._kept: dict[str, Held] = {}
        self._process = 0

    def start(self) -> None:
        """Begin, once in each process."""
        if self._process == os.getpid():
            return
        self._process, self._name = os.getpid(), f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._kept, self._count = {}, itertools.count(1)
        threading.Thread(target=self._run, name="lock-renewal", daemon=True).start()

    def new_ticket(self, conversation_id: str) -> Held:
        """A ticket with a token that no other one has."""
        return Held(conversation_id, f"{self._name}:{next(self._count)}")

    def keep(self, held: Held, until: float) -> None:
        """Renew it from now on."""
        held.until = until
        self._kept[held.token] = held

    def forget(self, held: Held) -> None:
        """Renew it no more."""
        self._kept.pop(held.token, None)

    def _run(self) -> None:
        client = redis.Redis.from_url(self._url, socket_timeout=_SOCKET_SECONDS, socket_connect_timeout=_SOCKET_SECONDS)
        down = False
        while True:
            try:
                self._renew_all(client)
                down = False
            except (redis.RedisError, OSError) as error:
                if not down:
                    _LOG.warning("Redis, which keeps the locks, is away: %s", error)
                down = True
            time.sleep(_RETRY if down else self._lease / 4)

    def _renew_all(self, client: "redis.Redis[bytes]") -> None:
        now = time.monotonic()
        kept = [held for held in list(self._kept.values()) if held.until > now]
        lease = int(self._lease * 1000)
        pipe = client.pipeline(transaction=False)
        pipe.eval(BEAT, 4, *self._keys.of(""), "", lease, GRACE, "")
        for held in kept:
            what = "holds" if held.holds else "waits"
            keys = self._keys.of(held.conversation_id)
            pipe.eval(RENEW, 4, *keys, held.token, lease, GRACE, self._keys.wake(), held.number, what)
        for held, renewed in zip(kept, pipe.execute()[1:], strict=True):
            if held.token not in self._kept:
                # It left while its renewal was under way, which may have brought it back.
                self._drop(client, held)
            elif not renewed:
                _LOG.error(
                    "Conversation '%s' lost its lock: this process stood still for longer than its lease",
                    held.conversation_id,
                )
                self.forget(held)

    def _drop(self, client: "redis.Redis[bytes]", held: Held) -> None:
        with contextlib.suppress(redis.RedisError):
            keys = self._keys.of(held.conversation_id)
            client.eval(LEAVE, 4, *keys, held.token, int(self._lease * 1000), GRACE, self._keys.wake(), WAKE_KEPT)
