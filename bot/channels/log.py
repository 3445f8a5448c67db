"""The chat log: every message of both sides in order, so that nothing is lost between browser, bot and restart.

A conversation's secret token is known to the customer's browser alone. Its hash, the conversation id, is what is
stored, what Rasa gets as sender and what staff may see: it opens nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import clock
from bot.channels.tables import Conversation, Message
from bot.db import reading, writing

CUSTOMER = "customer"
BOT = "bot"


@dataclass(frozen=True)
class Stored:
    """A message as the log holds it.

    `number` increases by one within the conversation; `content` is what a page shows; `request` is what the bot
    gets of a customer's message: {"text", "metadata"}; `new` is False for a message that was there already.
    """

    conversation_id: str
    number: int
    author: str
    client_id: str | None
    content: dict[str, Any]
    request: dict[str, Any] | None
    time: datetime
    new: bool = True

    def to_wire(self) -> dict[str, Any]:
        """The message for the page: its content with id, author, time (ISO, UTC) and client_id."""
        wire = {**self.content, "id": self.number, "author": self.author, "time": self.time.isoformat()}
        return wire | ({"client_id": self.client_id} if self.client_id else {})


def new_token() -> str:
    """A fresh session id that nobody can guess (256 bits)."""
    return secrets.token_urlsafe(32)


def conversation_of(token: str) -> str:
    """The conversation id that belongs to a session id: 32 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def open_conversation(url: str, conversation_id: str, channel: str) -> None:
    """Enter a new conversation into the log."""
    with writing(url) as session:
        session.add(Conversation(id=conversation_id, channel=channel, last_number=0, created_at=_now()))


def conversation_exists(url: str, conversation_id: str) -> bool:
    """Whether the log knows this conversation."""
    with reading(url) as session:
        return session.get(Conversation, conversation_id) is not None


def append(
    url: str,
    conversation_id: str,
    author: str,
    content: dict[str, Any],
    *,
    client_id: str | None = None,
    request: dict[str, Any] | None = None,
    answers: int | None = None,
) -> Stored:
    """Store one message under the conversation's next number.

    A `client_id` that the conversation holds already stores nothing: the earlier message comes back, `new` False.
    With a `request` the message waits for the bot until `finish`. `answers` is the number a bot's message replies to.

    Raises:
        LookupError: the conversation does not exist.
    """
    with writing(url) as session:
        # The row's lock (SQLite: the whole database's) keeps two writers of one client_id from both missing it below.
        conversation = session.get(Conversation, conversation_id, with_for_update=True)
        if conversation is None:
            raise LookupError(f"没有编号为 {conversation_id} 的会话")
        earlier = _by_client_id(session, conversation_id, client_id) if client_id else None
        if earlier is not None:
            return earlier
        conversation.last_number += 1
        row = Message(
            conversation_id=conversation_id,
            number=conversation.last_number,
            author=author,
            client_id=client_id,
            answers=answers,
            content=content,
            request=request,
            state="waiting" if request is not None else "done",
            created_at=_now(),
        )
        session.add(row)
        return _stored(row)


def find_by_client_id(url: str, conversation_id: str, client_id: str) -> Stored | None:
    """The message that the client sent under this id, if it arrived before."""
    with reading(url) as session:
        return _by_client_id(session, conversation_id, client_id)


def history(
    url: str, conversation_id: str, *, after: int = 0, before: int | None = None, limit: int = 50
) -> list[Stored]:
    """The newest `limit` messages numbered above `after` and below `before`, oldest first."""
    query = select(Message).where(Message.conversation_id == conversation_id, Message.number > after)
    if before is not None:
        query = query.where(Message.number < before)
    with reading(url) as session:
        rows = session.execute(query.order_by(Message.number.desc()).limit(limit)).scalars().all()
        return [_stored(row) for row in reversed(rows)]


def finish(url: str, conversation_id: str, number: int) -> None:
    """The bot has worked through this customer's message."""
    with writing(url) as session:
        session.execute(
            update(Message)
            .where(Message.conversation_id == conversation_id, Message.number == number)
            .values(state="done")
            .execution_options(synchronize_session=False)
        )


def unanswered(url: str, channel: str) -> list[Stored]:
    """Customers' messages that a stopped server left waiting, in order; those it had begun to answer are closed.

    A half answered one is not handed to the bot again: the customer has seen the reply and would see it twice.
    """
    with writing(url) as session:
        waiting = (
            select(Message)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.state == "waiting", Conversation.channel == channel)
            .order_by(Message.conversation_id, Message.number)
        )
        left = []
        for row in session.execute(waiting).scalars():
            replies = select(func.count(Message.id)).where(
                Message.conversation_id == row.conversation_id, Message.answers == row.number
            )
            if session.execute(replies).scalar_one():
                row.state = "done"
            else:
                left.append(_stored(row))
        return left


def _by_client_id(session: Session, conversation_id: str, client_id: str) -> Stored | None:
    query = select(Message).where(Message.conversation_id == conversation_id, Message.client_id == client_id)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else _stored(row, new=False)


def _stored(row: Any, new: bool = True) -> Stored:
    time = row.created_at.replace(tzinfo=timezone.utc)
    return Stored(row.conversation_id, row.number, row.author, row.client_id, row.content, row.request, time, new)


def _now() -> datetime:
    return clock.now().replace(tzinfo=None)
