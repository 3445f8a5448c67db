"""A message that the customer leaves for later, with how to reach her: on the ticket and in the conversation."""

from typing import Any

from sqlalchemy import select

from bot.conversations import log, states
from bot.conversations.handoff import Request
from bot.conversations.log import Words
from bot.conversations.store import Change, Store
from bot.conversations.tables import Ticket
from bot.conversations.tickets import write_ticket

LEFT = "leave_message"


def leave_message(
    store: Store, conversation_id: str, text: str, contact: str, *, client_id: str, words: Words = None
) -> bool:
    """Put the message and the contact on the conversation's open ticket, or on a new one.

    One that waits does not wait any more. False when a person has the chat: then it is no message for later. The same
    `client_id` again changes nothing.

    Raises:
        LookupError: the conversation does not exist.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if log.by_client_id(change.session, conversation_id, client_id) is not None:
            return True
        if conversation.owner == states.AGENT:
            return False
        content = {"text": text, "contact": contact}
        log.add_message(change, conversation, log.CUSTOMER, content, client_id=client_id)
        write_ticket(change, conversation, _request(change, conversation, text, contact))
        if conversation.owner == states.WAITING:
            states.move(change, conversation, "ticket")
        log.add_words(change, conversation, words)
        return True


def _request(change: Change, conversation: Any, text: str, contact: str) -> Request:
    """What stands on the ticket already, with the message."""
    mine = select(Ticket).where(Ticket.conversation_id == conversation.id, Ticket.state == "open")
    row = change.session.execute(mine).scalar_one_or_none()
    known = dict((row.note if row is not None else conversation.note) or {})
    reason = str(known.pop("reason", "") or LEFT)
    category = str(row.category if row is not None else conversation.category)
    priority = int(row.priority if row is not None else conversation.priority)
    return Request(reason, category, {**known, "text": text, "contact": contact}, priority)
