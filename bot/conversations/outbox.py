"""The outbox: messages on their way through a channel, in order within each conversation, until the platform has them.

Only conversations with an address have entries. A process killed between the platform's acceptance and `sent` cannot
know whether it arrived; the entry comes back after its lease. Platforms that accept a message id of the sender's get
`Outgoing.key`, the same at each attempt, and drop the second; for the others it is sent again rather than lost.
"""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from bot.conversations import log
from bot.conversations.store import Change, Store, holds
from bot.conversations.tables import Conversation, Delivery, Message

LEASE_SECONDS = 60.0
OPEN = ("waiting", "sending")


@dataclass(frozen=True)
class Outgoing:
    """A message to send: where to, what, and `key`, which is the same at each of its attempts (counted from 1)."""

    id: int
    conversation_id: str
    address: dict[str, Any]
    message: log.Stored
    attempts: int

    @property
    def key(self) -> str:
        """At most 32 characters of [a-z0-9], as platforms want a message id."""
        return f"{self.conversation_id[:22]}{self.message.number:010d}"


def take_outgoing(store: Store, channel: str, worker: str, *, limit: int = 50) -> list[Outgoing]:
    """Messages of `channel` that are due, at most one for each conversation, now held by `worker`.

    The next one of a conversation comes only after the earlier is sent or given up.
    """
    now = time.time()
    query = (
        select(Delivery)
        .where(Delivery.channel == channel, Delivery.state.in_(OPEN), Delivery.next_at <= now, ~_earlier())
        .order_by(Delivery.next_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = []
    with store.changing() as change:
        for row in change.session.execute(query).scalars():
            if row.state == "sending" and holds(row.worker, row.worker_until):
                continue
            row.state, row.worker, row.worker_until = "sending", worker, now + LEASE_SECONDS
            row.attempts += 1
            taken.append(_outgoing(change, row))
    return taken


def sent(store: Store, outgoing: Outgoing, platform_id: str | None = None) -> None:
    """The platform has it; `platform_id` is its own id of the message."""
    with store.changing() as change:
        row = change.session.get(Delivery, outgoing.id, with_for_update=True)
        row.state, row.worker, row.error, row.platform_id = "sent", None, None, platform_id
        change.wake("outbox", channel=row.channel)


def try_again(store: Store, outgoing: Outgoing, error: str, seconds: float) -> None:
    """It did not arrive; the next attempt is due in `seconds`."""
    with store.changing() as change:
        row = change.session.get(Delivery, outgoing.id, with_for_update=True)
        if row.state in OPEN:
            row.state, row.worker, row.error = "waiting", None, error[:500]
            row.next_at = time.time() + seconds


def give_up(store: Store, outgoing: Outgoing, error: str) -> None:
    """It cannot arrive; staff see it as not delivered, and the next message takes its turn."""
    with store.changing() as change:
        row = change.session.get(Delivery, outgoing.id, with_for_update=True)
        if row.state not in OPEN:
            return
        row.state, row.worker, row.error = "failed", None, error[:500]
        conversation = change.session.get(Conversation, row.conversation_id)
        change.event("undelivered", conversation, conversation.agent_id, number=row.number, error=row.error)
        change.wake("outbox", channel=row.channel)


def next_due(store: Store, channel: str) -> float | None:
    """When (`time.time()`) the channel's next attempt is due; None when nothing waits."""
    query = (
        select(Delivery.next_at)
        .where(Delivery.channel == channel, ~_earlier())
        .where(or_(Delivery.state == "waiting", and_(Delivery.state == "sending", Delivery.worker_until < time.time())))
        .order_by(Delivery.next_at)
        .limit(1)
    )
    with store.reading() as session:
        due = session.execute(query).scalar_one_or_none()
        return None if due is None else float(due)


def hurry(store: Store, channel: str) -> None:
    """Let every message of `channel` that waits for another attempt be due now: a wrong clock has planned it."""
    with store.changing() as change:
        statement = update(Delivery).where(Delivery.channel == channel, Delivery.state == "waiting")
        change.session.execute(statement.values(next_at=0.0).execution_options(synchronize_session=False))
        change.wake("outbox", channel=channel)


def release_outgoing(store: Store, worker: str) -> None:
    """A worker that stops gives back what it has not begun to send."""
    with store.changing() as change:
        query = select(Delivery).where(Delivery.worker == worker, Delivery.state == "sending").with_for_update()
        for row in change.session.execute(query).scalars():
            row.state, row.worker = "waiting", None
            row.attempts -= 1
            change.wake("outbox", channel=row.channel)


def _earlier() -> Any:
    """Whether an earlier message of the conversation is still on its way."""
    before = aliased(Delivery)
    return exists().where(
        before.conversation_id == Delivery.conversation_id, before.number < Delivery.number, before.state.in_(OPEN)
    )


def _outgoing(change: Change, row: Any) -> Outgoing:
    message = change.session.execute(
        select(Message).where(Message.conversation_id == row.conversation_id, Message.number == row.number)
    ).scalar_one()
    address = change.session.execute(
        select(Conversation.address).where(Conversation.id == row.conversation_id)
    ).scalar_one()
    return Outgoing(row.id, row.conversation_id, address or {}, log.stored(message), row.attempts)
