"""Conversations as lists show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from bot import clock
from bot.conversations import states
from bot.conversations.log import NOTE, SYSTEM, Stored, stored
from bot.conversations.store import Store
from bot.conversations.tables import Conversation, Message, Ticket


@dataclass(frozen=True)
class Summary:
    """A conversation in a list; `unread` counts the customer's messages that its owner has not seen.

    `last` is the last message of customer, bot or agent. `ticket` is the number of its open or taken ticket.
    """

    id: str
    channel: str
    account: str
    owner: str
    version: int
    agent_id: str | None
    category: str
    priority: int
    vip: bool
    created_at: datetime
    waiting_since: datetime | None
    assigned_at: datetime | None
    answer_by: datetime | None
    unanswered_since: datetime | None
    escalations: int
    unread: int
    tags: tuple[str, ...]
    note: dict[str, Any]
    last: Stored | None
    ticket: int | None


@dataclass(frozen=True)
class TicketView:
    """A request left for later."""

    id: int
    conversation_id: str
    state: str
    category: str
    priority: int
    note: dict[str, Any]
    from_number: int
    agent_id: str | None
    created_at: datetime


def summaries(store: Store, conversation_ids: Sequence[str]) -> list[Summary]:
    """Those of the ids that exist, in the order given."""
    if not conversation_ids:
        return []
    with store.reading() as session:
        found = {
            s.id: s for s in _summaries(session, Conversation.id.in_(list(conversation_ids)), len(conversation_ids))
        }
    return [found[each] for each in conversation_ids if each in found]


def listed(store: Store, *, owner: str | None = None, agent_id: str | None = None, limit: int = 200) -> list[Summary]:
    """Conversations of an owner (and agent): waiting ones in the queue's order, others the latest first."""
    wanted = []
    if owner is not None:
        wanted.append(Conversation.owner == owner)
    if agent_id is not None:
        wanted.append(Conversation.agent_id == agent_id)
    with store.reading() as session:
        found = _summaries(session, and_(True, *wanted), limit)
    if owner == states.WAITING:
        return sorted(found, key=lambda s: (-s.priority, not s.vip, s.waiting_since or s.created_at, s.id))
    return found


def tickets(store: Store, *, state: str = "open", limit: int = 200) -> list[TicketView]:
    """Tickets, urgent ones first, then by time."""
    query = select(Ticket).where(Ticket.state == state).order_by(Ticket.priority.desc(), Ticket.created_at).limit(limit)
    with store.reading() as session:
        return [
            TicketView(
                row.id, row.conversation_id, row.state, row.category, row.priority, row.note or {}, row.from_number,
                row.agent_id, clock.as_utc(row.created_at),
            )
            for row in session.execute(query).scalars()
        ]  # fmt: skip


def messages(store: Store, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Stored]:
    """Messages by (conversation, number)."""
    if not wanted:
        return {}
    query = select(Message).where(tuple_(Message.conversation_id, Message.number).in_(list(wanted)))
    with store.reading() as session:
        return {(row.conversation_id, row.number): stored(row) for row in session.execute(query).scalars()}


def _summaries(session: Session, wanted: Any, limit: int) -> list[Summary]:
    newest = select(Conversation).where(wanted).order_by(Conversation.created_at.desc(), Conversation.id)
    rows = list(session.execute(newest.limit(limit)).scalars())
    ids = [row.id for row in rows]
    unread = _unread(session, ids)
    last = _last(session, ids)
    open_tickets = select(Ticket.conversation_id, func.max(Ticket.id)).where(
        Ticket.conversation_id.in_(ids), Ticket.state.in_(("open", "taken"))
    )
    ticket = dict(session.execute(open_tickets.group_by(Ticket.conversation_id)).all())
    return [_summary(row, unread.get(row.id, 0), last.get(row.id), ticket.get(row.id)) for row in rows]


def _unread(session: Session, ids: list[str]) -> dict[str, int]:
    query = (
        select(Message.conversation_id, func.count())
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.id.in_(ids), Message.author == "customer", Message.number > Conversation.read_number)
        .where(or_(Message.state == "passed", Conversation.owner != states.BOT))
        .group_by(Message.conversation_id)
    )
    return {str(conversation): int(count) for conversation, count in session.execute(query)}


def _last(session: Session, ids: list[str]) -> dict[str, Stored]:
    numbers = (
        select(Message.conversation_id, func.max(Message.number).label("number"))
        .where(Message.conversation_id.in_(ids), Message.author.notin_((NOTE, SYSTEM)))
        .group_by(Message.conversation_id)
        .subquery()
    )
    query = select(Message).join(
        numbers, and_(numbers.c.conversation_id == Message.conversation_id, numbers.c.number == Message.number)
    )
    return {row.conversation_id: stored(row) for row in session.execute(query).scalars()}


def _summary(row: Any, unread: int, last: Stored | None, ticket: int | None) -> Summary:
    return Summary(
        row.id,
        row.channel,
        row.account,
        row.owner,
        row.version,
        row.agent_id,
        row.category,
        row.priority,
        row.vip,
        clock.as_utc(row.created_at),
        _utc(row.waiting_since),
        _utc(row.assigned_at),
        _utc(row.answer_by),
        _utc(row.unanswered_since),
        row.escalations,
        unread,
        tuple(row.tags),
        row.note or {},
        last,
        ticket,
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else clock.as_utc(moment)
