"""The log: every message of all sides under one numbering, in the order in which they were stored.

On the web page a conversation's secret token is known to the customer's browser alone. Its hash, the conversation id,
is what is stored, what Rasa gets as sender and what staff may see: it opens nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import clock
from bot.conversations.store import Change, Store
from bot.conversations.tables import Conversation, Delivery, Message

CUSTOMER = "customer"
BOT = "bot"
AGENT = "agent"
SYSTEM = "system"
NOTE = "note"  # among staff: never sent to the customer
SENT = (BOT, AGENT, SYSTEM)
PASSED = "passed"  # the state of a customer's message that a person gets and the bot never sees
Words = dict[str, Any] | None  # content of a system message, where something is to be said


@dataclass(frozen=True)
class Stored:
    """A message as the log holds it.

    `number` increases by one within the conversation; `content` is what a page shows; `request` is what the bot
    gets of a customer's message: {"text", "metadata"}, with "fresh" true where the bot must begin a new session first.
    `route` says whom a customer's message goes to ("bot" or "person"). `new` is False for a message that was there
    already. `sender` is the agent's id. `tried`: another worker had taken it and did not come to the end, so that Rasa
    may know it.
    """

    conversation_id: str
    number: int
    author: str
    client_id: str | None
    content: dict[str, Any]
    request: dict[str, Any] | None
    time: datetime
    route: str
    new: bool = True
    sender: str | None = None
    tried: bool = False

    def to_wire(self) -> dict[str, Any]:
        """The message for a page: its content with id, author, time (ISO, UTC) and client_id."""
        wire = {**self.content, "id": self.number, "author": self.author, "time": self.time.isoformat()}
        return wire | ({"client_id": self.client_id} if self.client_id else {})


def new_token() -> str:
    """A fresh session id that nobody can guess (256 bits)."""
    return secrets.token_urlsafe(32)


def conversation_of(token: str) -> str:
    """The conversation id that belongs to a session id: 32 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def open_conversation(
    store: Store,
    channel: str,
    account: str,
    *,
    conversation_id: str | None = None,
    address: dict[str, Any] | None = None,
) -> str:
    """The id of the account's conversation in `channel`, begun here when there is none.

    `address` (JSON) is where the channel sends to; a new one replaces the old. Conversations with an address get an
    entry in the outbox for each message to the customer; those without are read from the log by the customer's page.
    """
    made = conversation_id or conversation_of(f"{channel}\n{account}")
    mine = select(Conversation).where(Conversation.channel == channel, Conversation.account == account)
    with store.reading() as session:
        known = session.execute(mine).scalar_one_or_none()
        if known is not None and (address is None or known.address == address):
            return str(known.id)
    try:
        with store.changing() as change:
            row = change.session.execute(mine.with_for_update()).scalar_one_or_none()
            if row is None:
                row = Conversation(
                    id=made, channel=channel, account=account, last_number=0, created_at=clock.now(), tags=[], tried=[]
                )
                change.session.add(row)
            row.address = address if address is not None else row.address
            return str(row.id)
    except IntegrityError:  # another process began it at the same moment
        with store.reading() as session:
            return str(session.execute(mine).scalar_one().id)


def conversation_exists(store: Store, conversation_id: str) -> bool:
    """Whether there is such a conversation."""
    with store.reading() as session:
        return session.get(Conversation, conversation_id) is not None


def add_message(
    change: Change,
    conversation: Any,
    author: str,
    content: dict[str, Any],
    *,
    client_id: str | None = None,
    request: dict[str, Any] | None = None,
    answers: int | None = None,
    sender: str | None = None,
    state: str = "done",
) -> Stored:
    """Store one message of a locked conversation under its next number, for the outbox too where it has an address."""
    conversation.last_number += 1
    row = Message(
        conversation_id=conversation.id,
        number=conversation.last_number,
        author=author,
        sender=sender,
        client_id=client_id,
        answers=answers,
        content=content,
        request=request,
        state=state,
        created_at=clock.now(),
    )
    change.session.add(row)
    change.session.flush()
    if author in SENT and conversation.address is not None:
        change.session.add(
            Delivery(conversation_id=conversation.id, number=row.number, channel=conversation.channel, attempts=0)
        )
        change.wake("outbox", channel=conversation.channel)
    where = {"conversation": conversation.id, "channel": conversation.channel}
    change.wake("message", **where, number=row.number, author=author)
    about = {"number": row.number, "author": author} | ({"passed": True} if state == PASSED else {})
    change.event("message", conversation, conversation.agent_id, **about)
    return stored(row)


def add_words(change: Change, conversation: Any, words: Words) -> None:
    """What the house says to the customer of a change, in the same transaction."""
    if words is not None:
        add_message(change, conversation, SYSTEM, words)


def by_client_id(session: Session, conversation_id: str, client_id: str) -> Stored | None:
    """The message stored under the sender's own id, `new` False."""
    query = select(Message).where(Message.conversation_id == conversation_id, Message.client_id == client_id)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else stored(row, new=False)


def find_by_client_id(store: Store, conversation_id: str, client_id: str) -> Stored | None:
    """The message that the client sent under this id, if it arrived before."""
    with store.reading() as session:
        return by_client_id(session, conversation_id, client_id)


def history(
    store: Store,
    conversation_id: str,
    *,
    after: int = 0,
    before: int | None = None,
    limit: int = 50,
    notes: bool = False,
) -> list[Stored]:
    """The newest `limit` messages numbered above `after` and below `before`, oldest first; `notes` for staff alone."""
    query = select(Message).where(Message.conversation_id == conversation_id, Message.number > after)
    if before is not None:
        query = query.where(Message.number < before)
    if not notes:
        query = query.where(Message.author != NOTE)
    with store.reading() as session:
        rows = session.execute(query.order_by(Message.number.desc()).limit(limit)).scalars().all()
        return [stored(row) for row in reversed(rows)]


def last_numbers(store: Store, conversation_ids: list[str]) -> dict[str, int]:
    """The number of the last message of each conversation."""
    query = select(Conversation.id, Conversation.last_number).where(Conversation.id.in_(conversation_ids))
    with store.reading() as session:
        return {row.id: row.last_number for row in session.execute(query)}


def stored(row: Any, new: bool = True) -> Stored:
    """The row as a value."""
    route = "person" if row.author == CUSTOMER and row.state == PASSED else "bot"
    return Stored(
        row.conversation_id,
        row.number,
        row.author,
        row.client_id,
        row.content,
        row.request,
        clock.as_utc(row.created_at),
        route,
        new,
        row.sender,
    )
