"""The people at the desk as routing sees them: skills, capacity, presence, open chats."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from bot.conversations import states
from bot.conversations.store import Change, Store
from bot.conversations.tables import Agent, Conversation

_NEWEST = 0.1  # weight of the newest rating in the moving average
ONLINE, AWAY, OFFLINE = "online", "away", "offline"
FRESH_SECONDS = 35.0  # an agent of whom nothing was heard for longer is not there


@dataclass(frozen=True)
class AgentView:
    """An agent with the number of her open chats; `skills` () means all categories, `satisfaction` is 0 to 1.

    `fresh` is False when nothing has been heard of her for too long, whatever her presence says.
    """

    id: str
    name: str
    presence: str
    supervisor: bool
    skills: tuple[str, ...]
    dedicated: tuple[str, ...]
    capacity: int
    satisfaction: float
    open_chats: int
    last_assigned_at: float
    seen_at: float

    @property
    def free(self) -> int:
        """How many chats more she can take."""
        return max(0, self.capacity - self.open_chats) if self.presence == ONLINE else 0


def save_agent(
    store: Store,
    agent_id: str,
    name: str,
    *,
    skills: Sequence[str] = (),
    dedicated: Sequence[str] = (),
    capacity: int = 5,
    satisfaction: float | None = None,
    supervisor: bool = False,
) -> None:
    """Make or change an agent; her presence stays."""
    with store.changing() as change:
        row = change.session.get(Agent, agent_id, with_for_update=True)
        if row is None:
            row = Agent(id=agent_id, presence=OFFLINE, satisfaction=1.0, seen_at=0.0, last_assigned_at=0.0)
            change.session.add(row)
        row.name, row.skills, row.dedicated = name, list(skills), list(dedicated)
        row.capacity, row.supervisor = capacity, supervisor
        row.satisfaction = row.satisfaction if satisfaction is None else satisfaction
        change.event("agent", None, agent_id)


def set_presence(store: Store, agent_id: str, presence: str) -> bool:
    """Set an agent's presence; whether it changed.

    Raises:
        LookupError: no such agent.
    """
    with store.changing() as change:
        row = _locked(change, agent_id)
        changed = row.presence != presence
        row.presence, row.seen_at = presence, time.time()
        if changed:
            change.event("presence", None, agent_id, presence=presence)
        return changed


def set_presence_if_stale(store: Store, agent_id: str, seconds: float) -> None:
    """Nothing was heard of the agent for so long: she is offline."""
    with store.reading() as session:
        row = session.get(Agent, agent_id)
        if row is None or row.presence == OFFLINE:
            return
    with store.changing() as change:
        row = _locked(change, agent_id)
        if row.presence != OFFLINE and row.seen_at < time.time() - seconds:
            row.presence = OFFLINE
            change.event("presence", None, agent_id, presence=OFFLINE)


def seen(store: Store, agent_ids: Sequence[str]) -> None:
    """Signs of life, in real time."""
    with store.changing() as change:
        query = select(Agent).where(Agent.id.in_(list(agent_ids))).order_by(Agent.id).with_for_update()
        for row in change.session.execute(query).scalars():
            row.seen_at = time.time()


def list_agents(store: Store, *, fresh_seconds: float | None = None) -> list[AgentView]:
    """All agents by id; with `fresh_seconds` those unseen for longer count as offline."""
    chats = (
        select(Conversation.agent_id, func.count().label("open"))
        .where(Conversation.owner == states.AGENT)
        .group_by(Conversation.agent_id)
        .subquery()
    )
    query = select(Agent, func.coalesce(chats.c.open, 0)).outerjoin(chats, chats.c.agent_id == Agent.id)
    oldest = time.time() - fresh_seconds if fresh_seconds is not None else 0.0
    with store.reading() as session:
        return [_view(row, int(count), oldest) for row, count in session.execute(query.order_by(Agent.id))]


def rated(change: Change, agent_id: str, stars: int) -> None:
    """A customer's stars (1 to 5) move the agent's satisfaction, which routing looks at."""
    row = change.session.get(Agent, agent_id, with_for_update=True, populate_existing=True)
    if row is not None:
        row.satisfaction += _NEWEST * ((stars - 1) / 4 - row.satisfaction)


def take_one_more(change: Change, agent_id: str, *, beyond_capacity: bool = False) -> bool:
    """Lock the agent and count a chat more as hers; False when she is not online or has enough.

    Raises:
        LookupError: no such agent.
    """
    row = _locked(change, agent_id)
    query = select(func.count()).where(Conversation.owner == states.AGENT, Conversation.agent_id == agent_id)
    if not beyond_capacity and (row.presence != ONLINE or change.session.execute(query).scalar_one() >= row.capacity):
        return False
    row.last_assigned_at = time.time()
    return True


def _locked(change: Change, agent_id: str) -> Any:
    row = change.session.get(Agent, agent_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise LookupError(f"没有编号为 {agent_id} 的客服")
    return row


def _view(row: Any, open_chats: int, oldest: float) -> AgentView:
    return AgentView(
        row.id,
        row.name,
        row.presence if row.seen_at >= oldest else OFFLINE,
        row.supervisor,
        tuple(row.skills),
        tuple(row.dedicated),
        row.capacity,
        row.satisfaction,
        open_chats,
        row.last_assigned_at,
        row.seen_at,
    )
