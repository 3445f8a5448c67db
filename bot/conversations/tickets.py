"""Tickets: requests left for later because nobody could take them, and how they are taken."""

from typing import Any

from sqlalchemy import select, update

from bot import clock
from bot.conversations import agents, inbox, log, states
from bot.conversations.handoff import Request
from bot.conversations.log import Words
from bot.conversations.store import Change, Store
from bot.conversations.tables import Ticket


def open_ticket(store: Store, conversation_id: str, request: Request) -> int:
    """Leave the request for later, because nobody can take it now; the number of the ticket.

    A conversation has one open ticket at most: asked again the note is replaced. A waiting one returns to the bot.

    Raises:
        LookupError: the conversation does not exist.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        number = write_ticket(change, conversation, request)
        if conversation.owner == states.WAITING:
            states.move(change, conversation, "ticket")
        return number


def ticket_instead(
    store: Store, conversation_id: str, *, version: int | None = None, words: Words = None
) -> int | None:
    """A waiting conversation becomes a ticket, because nobody is there; None when it does not wait any more."""
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if conversation.owner != states.WAITING or (version is not None and conversation.version != version):
            return None
        note = dict(conversation.note or {})
        request = Request(note.pop("reason", ""), conversation.category, note, conversation.priority)
        number = write_ticket(change, conversation, request)
        states.move(change, conversation, "ticket")
        log.add_words(change, conversation, words)
        return number


def take_ticket(store: Store, ticket_id: int, agent_id: str, *, words: Words = None) -> str:
    """Take a ticket and its conversation; the conversation's id.

    Raises:
        LookupError: no such ticket.
        IllegalMove: somebody has taken it already.
    """
    with store.changing() as change:
        found = select(Ticket.conversation_id).where(Ticket.id == ticket_id)
        conversation_id = change.session.execute(found).scalar_one_or_none()
        if conversation_id is None:
            raise LookupError(f"没有编号为 {ticket_id} 的留言")
        conversation = change.conversation(conversation_id)
        row = change.session.get(Ticket, ticket_id, with_for_update=True, populate_existing=True)
        if row.state != "open":
            raise states.IllegalMove(row.state, "take")
        row.state, row.agent_id = "taken", agent_id
        change.event("ticket", conversation, agent_id, ticket=ticket_id, state="taken")
        if conversation.owner == states.AGENT:
            return str(conversation_id)
        agents.take_one_more(change, agent_id, beyond_capacity=True)
        states.move(change, conversation, "take", agent_id=agent_id, reason="ticket")
        conversation.note, conversation.category = row.note, row.category
        inbox.pass_to_person(change, conversation, unheard=not inbox.is_held(conversation))
        log.add_words(change, conversation, words)
        return str(conversation_id)


def write_ticket(change: Change, conversation: Any, request: Request) -> int:
    """The open ticket of a locked conversation, made or brought up to date."""
    mine = select(Ticket).where(Ticket.conversation_id == conversation.id, Ticket.state == "open")
    row = change.session.execute(mine).scalar_one_or_none()
    if row is None:
        row = Ticket(
            conversation_id=conversation.id, state="open", created_at=clock.now(), from_number=conversation.last_number
        )
        change.session.add(row)
    row.category, row.priority = request.category, max(request.priority, row.priority or 0)
    row.note = {**(row.note or {}), **request.note, "reason": request.reason}
    conversation.handoff = None
    change.session.flush()
    about = {"category": row.category, "reason": request.reason, "queued": conversation.owner == states.WAITING}
    change.event("ticket", conversation, ticket=row.id, state="open", **about)
    change.wake("owner", conversation=conversation.id, channel=conversation.channel, owner=conversation.owner)
    return int(row.id)


def finish_tickets(change: Change, conversation_id: str) -> None:
    """What an agent had taken is done when she leaves the conversation."""
    done = update(Ticket).where(Ticket.conversation_id == conversation_id, Ticket.state == "taken")
    change.session.execute(
        done.values(state="done", closed_at=clock.now()).execution_options(synchronize_session=False)
    )
