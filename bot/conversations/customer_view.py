"""What the customer's page may know of her conversation: who has it, her place in the queue, what she has left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bot import clock
from bot.conversations import agents, queue, speaking, states
from bot.conversations.queue import Wait
from bot.conversations.store import Store
from bot.conversations.tables import Agent, Conversation, Event, Ticket


@dataclass(frozen=True)
class CustomerView:
    """`agent` is the name of who has the chat, `wait` the place of one that waits.

    `ticket` is None without an open ticket, else whether the customer has said how she can be reached.
    """

    owner: str
    agent: str | None = None
    wait: Wait | None = None
    ticket: bool | None = None


@dataclass(frozen=True)
class Closing:
    """The end of a person's work; `number` is the event's, unique in the store."""

    number: int
    at: datetime


def customer_views(
    store: Store, conversation_ids: Sequence[str], *, fresh_seconds: float | None = None
) -> dict[str, CustomerView]:
    """The views of those conversations that exist."""
    wanted = list(conversation_ids)
    owners = (
        select(Conversation.id, Conversation.owner, Agent.name)
        .outerjoin(Agent, Agent.id == Conversation.agent_id)
        .where(Conversation.id.in_(wanted))
    )
    left = select(Ticket.conversation_id, Ticket.note).where(Ticket.conversation_id.in_(wanted), Ticket.state == "open")
    with store.reading() as session:
        rows = session.execute(owners).all()
        tickets = {row.conversation_id: bool((row.note or {}).get("contact")) for row in session.execute(left)}
    waits = _waits(store, fresh_seconds) if any(row.owner == states.WAITING for row in rows) else {}
    return {row.id: CustomerView(row.owner, row.name, waits.get(row.id), tickets.get(row.id)) for row in rows}


def _waits(store: Store, fresh_seconds: float | None) -> dict[str, Wait]:
    """The place of all that wait."""
    people = agents.list_agents(store, fresh_seconds=fresh_seconds)
    online = sum(agent.presence == agents.ONLINE for agent in people)
    seconds = speaking.answer_seconds(store)
    return {
        waiting.id: Wait(place, queue.wait_seconds(seconds, place, online), online)
        for place, waiting in enumerate(queue.waiting_list(store), start=1)
    }


def last_closing(store: Store, conversation_id: str) -> Closing | None:
    """When an agent ended the conversation last; None when none ever did."""
    query = select(Event).where(Event.conversation_id == conversation_id, Event.kind == "owner")
    with store.reading() as session:
        for row in session.execute(query.order_by(Event.number.desc()).limit(20)).scalars():
            if row.data.get("move") == "close":
                return Closing(row.number, clock.as_utc(row.at))
    return None
