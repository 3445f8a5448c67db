"""What the desk's pages get of conversations, agents and events, as JSON."""

from datetime import datetime
from typing import Any

from bot.conversations import AgentView, Stored, Summary, TicketView
from bot.desk_settings import Desk


def conversation(one: Summary, desk: Desk) -> dict[str, Any]:
    """A conversation in a list."""
    return {
        "id": one.id,
        "channel": one.channel,
        "owner": one.owner,
        "version": one.version,
        "agent": one.agent_id,
        "category": one.category,
        "category_title": desk.categories.get(one.category, one.category),
        "priority": one.priority,
        "vip": one.vip,
        "created_at": iso(one.created_at),
        "waiting_since": iso(one.waiting_since),
        "assigned_at": iso(one.assigned_at),
        "answer_by": iso(one.answer_by),
        "unanswered_since": iso(one.unanswered_since),
        "escalations": one.escalations,
        "unread": one.unread,
        "tags": list(one.tags),
        "note": one.note,
        "ticket": one.ticket,
        "last": message(one.last) if one.last is not None else None,
    }


def message(one: Stored) -> dict[str, Any]:
    """A message with its sender (agent's id)."""
    return one.to_wire() | ({"sender": one.sender} if one.sender else {})


def agent(one: AgentView) -> dict[str, Any]:
    """An agent for supervisors."""
    return {
        "id": one.id,
        "name": one.name,
        "presence": one.presence,
        "supervisor": one.supervisor,
        "skills": list(one.skills),
        "dedicated": list(one.dedicated),
        "capacity": one.capacity,
        "satisfaction": one.satisfaction,
        "open_chats": one.open_chats,
    }


def colleague(one: AgentView) -> dict[str, Any]:
    """An agent for other agents, as a transfer needs it."""
    known = agent(one)
    return {key: known[key] for key in ("id", "name", "presence", "supervisor", "skills", "capacity", "open_chats")}


def ticket(one: TicketView, desk: Desk) -> dict[str, Any]:
    """A ticket."""
    return {
        "id": one.id,
        "conversation": one.conversation_id,
        "state": one.state,
        "category": one.category,
        "category_title": desk.categories.get(one.category, one.category),
        "priority": one.priority,
        "note": one.note,
        "from_number": one.from_number,
        "agent": one.agent_id,
        "created_at": iso(one.created_at),
    }


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if moment is None else moment.isoformat()
