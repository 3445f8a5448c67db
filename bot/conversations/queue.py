"""The queue: who waits, in which order, and how long the next one will wait."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from bot import clock
from bot.conversations import agents, speaking, states
from bot.conversations.store import Store
from bot.conversations.tables import Conversation, Message


@dataclass(frozen=True)
class Waiting:
    """A conversation in the queue."""

    id: str
    category: str
    priority: int
    vip: bool
    wanted_agent: str | None
    since: datetime
    answer_by: datetime | None
    escalations: int
    tried: tuple[str, ...]
    version: int


@dataclass(frozen=True)
class Wait:
    """What a customer may expect: `position` counted from 1, `seconds` until an answer, `online` agents."""

    position: int
    seconds: float
    online: int


def waiting_list(store: Store) -> list[Waiting]:
    """All that wait: complaints and whatever else has priority first, VIPs before others, then by time."""
    query = select(Conversation).where(Conversation.owner == states.WAITING)
    order = (Conversation.priority.desc(), Conversation.vip.desc(), Conversation.waiting_since, Conversation.id)
    with store.reading() as session:
        return [_waiting(row) for row in session.execute(query.order_by(*order)).scalars()]


@dataclass(frozen=True)
class Promise:
    """A conversation that people must answer: by `answer_by`, or since `unanswered_since` by the agent who has it."""

    id: str
    owner: str
    agent_id: str | None
    category: str
    version: int
    answer_by: datetime | None
    unanswered_since: datetime | None
    assigned_at: datetime | None
    escalations: int


def promises(store: Store) -> list[Promise]:
    """All conversations with a promised time, and all of agents that are unanswered."""
    query = select(Conversation).where(
        or_(
            and_(Conversation.owner.in_((states.WAITING, states.AGENT)), Conversation.answer_by.is_not(None)),
            and_(Conversation.owner == states.AGENT, Conversation.unanswered_since.is_not(None)),
        )
    )
    with store.reading() as session:
        return [_promise(row) for row in session.execute(query).scalars()]


def held(store: Store, agent_ids: Collection[str] | None = None) -> list[tuple[str, str, int]]:
    """(conversation, agent, version) of all that agents own, or these agents."""
    query = select(Conversation.id, Conversation.agent_id, Conversation.version)
    query = query.where(Conversation.owner == states.AGENT)
    if agent_ids is not None:
        query = query.where(Conversation.agent_id.in_(sorted(agent_ids)))
    with store.reading() as session:
        return [tuple(row) for row in session.execute(query)]


def last_words(store: Store, conversation_ids: list[str]) -> dict[str, str]:
    """The text of each conversation's last message, where the customer wrote it."""
    if not conversation_ids:
        return {}
    query = (
        select(Message.conversation_id, Message.content)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.id.in_(conversation_ids), Message.number == Conversation.last_number)
        .where(Message.author == "customer")
    )
    with store.reading() as session:
        return {row.conversation_id: str(row.content.get("text") or "") for row in session.execute(query)}


def expected_wait(store: Store, *, priority: int = 0, fresh_seconds: float | None = None) -> Wait:
    """What a customer who joins now may expect.

    The moving average of answer times, times the position, shared by the agents who are online (as people who serve
    one queue side by side); with nobody online the time is infinite.
    """
    ahead = select(func.count()).where(Conversation.owner == states.WAITING, Conversation.priority >= priority)
    with store.reading() as session:
        position = int(session.execute(ahead).scalar_one()) + 1
    online = sum(a.presence == agents.ONLINE for a in agents.list_agents(store, fresh_seconds=fresh_seconds))
    return Wait(position, wait_seconds(speaking.answer_seconds(store), position, online), online)


def wait_seconds(answer_seconds: float, position: int, online: int) -> float:
    """Seconds until the answer for who stands at `position` (from 1) before `online` agents."""
    return math.inf if online <= 0 else answer_seconds * max(1.0, position / online)


def _waiting(row: Any) -> Waiting:
    return Waiting(
        row.id,
        row.category,
        row.priority,
        row.vip,
        row.wanted_agent,
        clock.as_utc(row.waiting_since),
        _utc(row.answer_by),
        row.escalations,
        tuple(row.tried),
        row.version,
    )


def _promise(row: Any) -> Promise:
    return Promise(
        row.id,
        row.owner,
        row.agent_id,
        row.category,
        row.version,
        _utc(row.answer_by),
        _utc(row.unanswered_since),
        _utc(row.assigned_at),
        row.escalations,
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else clock.as_utc(moment)
