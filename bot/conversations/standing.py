"""How the house stands at this moment, in numbers: who waits for the bot, for people, and to be sent."""

import time
from dataclasses import dataclass

from sqlalchemy import and_, case, func, select

from bot import clock
from bot.conversations import agents, states
from bot.conversations.outbox import OPEN
from bot.conversations.store import Store
from bot.conversations.tables import Agent, Conversation, Delivery, Message


@dataclass(frozen=True)
class Standing:
    """`chats` by owner; by channel (number, age of the oldest in seconds) of the inbox, and of the outbox with the
    number of those that were tried before between the two; `queue_oldest` in seconds."""

    chats: dict[str, int]
    queue_oldest: float
    online: int
    inbox: dict[str, tuple[int, float]]
    outbox: dict[str, tuple[int, int, float]]


def standing(store: Store) -> Standing:
    """The present numbers; of closed chats and what is done nothing is counted."""
    by_owner = (
        select(Conversation.owner, func.count(), func.min(Conversation.waiting_since))
        .where(Conversation.owner.in_((states.BOT, states.WAITING, states.AGENT)))
        .group_by(Conversation.owner)
    )
    inbox = (
        select(Conversation.channel, func.count(), func.min(Message.created_at))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.state == "waiting")
        .group_by(Conversation.channel)
    )
    outbox = (
        select(
            Delivery.channel,
            func.count(),
            func.sum(case((Delivery.attempts > 1, 1), else_=0)),
            func.min(Message.created_at),
        )
        .join(
            Message,
            and_(Message.conversation_id == Delivery.conversation_id, Message.number == Delivery.number),
        )
        .where(Delivery.state.in_(OPEN))
        .group_by(Delivery.channel)
    )
    fresh = time.time() - agents.FRESH_SECONDS
    online = select(func.count()).where(Agent.presence == agents.ONLINE, Agent.seen_at >= fresh)
    with store.reading() as session:
        owners = list(session.execute(by_owner))
        waiting = next((row[2] for row in owners if row[0] == states.WAITING), None)
        return Standing(
            {states.BOT: 0, states.WAITING: 0, states.AGENT: 0} | {row[0]: int(row[1]) for row in owners},
            _age(waiting),
            int(session.execute(online).scalar_one()),
            {row[0]: (int(row[1]), _age(row[2])) for row in session.execute(inbox)},
            {row[0]: (int(row[1]), int(row[2]), _age(row[3])) for row in session.execute(outbox)},
        )


def _age(moment: object) -> float:
    found = clock.as_utc(moment) if moment is not None else None  # type: ignore[arg-type]
    return max(0.0, (clock.now() - found).total_seconds()) if found is not None else 0.0
