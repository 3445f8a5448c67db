"""From the bot to a person: the request and its cancelling."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, func, select

from bot import clock
from bot.conversations import inbox, log, states
from bot.conversations.log import Words
from bot.conversations.store import Change, Store
from bot.conversations.tables import Conversation, Message
from bot.db import asking
from bot.observing.metrics import HANDOFFS

PENDING = "pending"
# Made once, and without a session: asked in most turns.
_ACCOUNT = select(Conversation.channel, Conversation.account).where(Conversation.id == bindparam("id"))


@dataclass(frozen=True)
class Request:
    """Why and for whom a person is wanted.

    `category` chooses the skill (a base intent or any name of data/operations.yml's desk), `note` is what the bot
    collected, `priority` 0 is usual and higher comes first, `wanted_agent` is the customer's dedicated agent.
    With `answer_seconds` a person must have answered by then.
    """

    reason: str
    category: str = ""
    note: dict[str, Any] = field(default_factory=dict)
    priority: int = 0
    vip: bool = False
    wanted_agent: str | None = None
    answer_seconds: float | None = None


def request_person(store: Store, conversation_id: str, request: Request) -> str:
    """Ask for a person; asked again it changes nothing. What stands after it: "pending", "waiting" or "agent".

    While the bot works on a message the request is "pending": it is carried out when the turn ends, after the bot's
    words, by `inbox.finish`.

    Raises:
        LookupError: the conversation does not exist, as in channels without a desk.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if conversation.owner in (states.WAITING, states.AGENT):
            return str(conversation.owner)
        if conversation.owner == states.CLOSED:
            raise states.IllegalMove(conversation.owner, "request")
        if conversation.handoff is None:
            conversation.handoff = asdict(request)
        if _turn_runs(change, conversation_id):
            return PENDING
        carry_out(change, conversation)
        return str(conversation.owner)


def carry_out(change: Change, conversation: Any) -> None:
    """Bring a conversation with a request into the queue."""
    request = Request(**conversation.handoff)
    conversation.handoff = None
    conversation.note = {**request.note, "reason": request.reason}
    conversation.category, conversation.priority = request.category, request.priority
    conversation.vip, conversation.wanted_agent = request.vip, request.wanted_agent
    conversation.escalations, conversation.tried = 0, []
    seconds = request.answer_seconds
    conversation.answer_by = clock.now() + timedelta(seconds=seconds) if seconds is not None else None
    conversation.unanswered_since = clock.now()
    inbox.pass_to_person(change, conversation, unheard=True)  # the turn that asked is over
    ahead = select(func.count()).where(Conversation.owner == states.WAITING)
    ahead = ahead.where(Conversation.priority >= conversation.priority, Conversation.id != conversation.id)
    position = int(change.session.execute(ahead).scalar_one()) + 1
    HANDOFFS.labels(conversation.channel).inc()
    states.move(change, conversation, "request", reason=request.reason, position=position)


def cancel(store: Store, conversation_id: str, *, words: Words = None) -> bool:
    """The customer does not want to wait any more: back to the bot. False when a person has it already.

    Raises:
        LookupError: the conversation does not exist.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        conversation.handoff = None
        if conversation.owner != states.WAITING:
            return False
        states.move(change, conversation, "cancel")
        log.add_words(change, conversation, words)
        return True


def _turn_runs(change: Change, conversation_id: str) -> bool:
    query = select(Message.id).where(Message.conversation_id == conversation_id, Message.state == "waiting").limit(1)
    return change.session.execute(query).scalar_one_or_none() is not None


def owner_of(store: Store, conversation_id: str) -> str | None:
    """Who owns the conversation; None when there is none."""
    with store.reading() as session:
        return session.execute(
            select(Conversation.owner).where(Conversation.id == conversation_id)
        ).scalar_one_or_none()


def account_of(store: Store, conversation_id: str) -> tuple[str, str] | None:
    """(channel, account) of the conversation; None when there is none."""
    with asking(store.url) as connection:
        row = connection.execute(_ACCOUNT, {"id": conversation_id}).one_or_none()
        return None if row is None else (row.channel, row.account)


def channels_of(store: Store, conversation_ids: Collection[str]) -> dict[str, str]:
    """Conversation → its channel."""
    query = select(Conversation.id, Conversation.channel).where(Conversation.id.in_(list(conversation_ids)))
    with store.reading() as session:
        return {row.id: row.channel for row in session.execute(query)}
