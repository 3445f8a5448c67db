"""A transaction on the conversations: what it changes, whom it wakes afterwards, what the desk hears of it."""

import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import clock
from bot.conversations.bus import Bus, bus_of
from bot.conversations.tables import Conversation, Counter, Event
from bot.db import reading, writing
from bot.settings import get_settings


@dataclass
class Change:
    """One transaction under way. Events and wake-ups are collected here and leave only with the commit."""

    session: Session
    events: list[dict[str, Any]] = field(default_factory=list)
    wakes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def conversation(self, conversation_id: str) -> Any:
        """The conversation's row, locked until the end of the transaction (SQLite: the whole database is).

        Raises:
            LookupError: the conversation does not exist.
        """
        row = self.session.get(Conversation, conversation_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise LookupError(f"没有编号为 {conversation_id} 的会话")
        return row

    def event(self, kind: str, conversation: Any = None, agent_id: str | None = None, **data: Any) -> None:
        """Let the desk hear of something."""
        known = {"conversation_id": conversation.id if conversation is not None else None, "agent_id": agent_id}
        self.events.append({"kind": kind, **known, "data": data})

    def wake(self, topic: str, **data: Any) -> None:
        """Tell other processes after the commit; the same words are said once."""
        if (topic, data) not in self.wakes:
            self.wakes.append((topic, data))

    def write_events(self) -> None:
        """Number the events. The counter's lock comes last and is held shortly, so commits and numbers agree."""
        if not self.events:
            return
        self.session.flush()
        counter = update(Counter).where(Counter.name == "events").values(value=Counter.value + len(self.events))
        self.session.execute(counter.execution_options(synchronize_session=False))
        last = int(self.session.execute(select(Counter.value).where(Counter.name == "events")).scalar_one())
        for number, event in enumerate(self.events, start=last - len(self.events) + 1):
            self.session.add(Event(number=number, at=clock.now(), **event))
        self.wake("events", last=last)


@dataclass(frozen=True)
class Store:
    """Where the conversations lie, and the bus that wakes who waits for news of them."""

    url: str
    bus: Bus

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading."""
        with reading(self.url) as session:
            yield session

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """One transaction; wake-ups leave after its commit, and not at all when it fails."""
        with writing(self.url) as session:
            change = Change(session)
            yield change
            change.write_events()
        for topic, data in change.wakes:
            self.bus.publish(topic, data)


def current_store() -> Store:
    """The store of the settings, with this process's bus."""
    settings = get_settings()
    return _store(settings.chat_url, bus_of(settings))


@lru_cache(maxsize=8)
def _store(url: str, bus: Bus) -> Store:
    return Store(url, bus)


def new_worker() -> str:
    """A name for a worker of this process: "host/pid/random"."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:12]}"


def holds(worker: str | None, until: float | None) -> bool:
    """Whether a lease still counts: it has not run out, and its process (where it can be seen from here) lives.

    Leases use real time: the shop's clock may stand still.
    """
    if worker is None or until is None or until <= time.time():
        return False
    host, pid, _ = worker.split("/", 2)
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
