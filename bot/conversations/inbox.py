"""The inbox: customers' messages that wait for the bot, one conversation at a time, each answered once.

`receive` stores a message and decides in the same transaction who gets it. `take` gives a worker what waits in one
conversation and keeps other workers away; `finish` stores the bot's replies and ends the turn in one transaction. A
process killed before `finish` has said nothing, so the turn is done again from the start: actions must be able to run
twice for one message (they get the same message id). After `finish` nothing is done again.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from bot import clock
from bot.conversations import log, states, surveys
from bot.conversations.store import Change, Store, holds
from bot.conversations.tables import Conversation, Message

if TYPE_CHECKING:
    from bot.conversations.handoff import Request

LEASE_SECONDS = 90.0


def route(conversation: Any) -> str:
    """The gate: who gets the customer's next message, "bot" or "person"."""
    return "person" if conversation.owner in (states.WAITING, states.AGENT) else "bot"


def receive(
    store: Store,
    conversation_id: str,
    content: dict[str, Any],
    *,
    client_id: str | None = None,
    request: dict[str, Any] | None = None,
) -> log.Stored:
    """Store a customer's message and decide who gets it.

    `client_id` is the sender's own id of the message: the same one again stores nothing, the earlier message comes
    back with `new` False. `request` is what Rasa shall get ({"text", "metadata"}); without it the bot has nothing to
    do. The first message after a closed conversation gets "fresh": True, and the bot begins a new session with it. An
    answer to a survey is taken at once and goes to nobody.

    Raises:
        LookupError: the conversation does not exist.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        earlier = log.by_client_id(change.session, conversation_id, client_id) if client_id else None
        if earlier is not None:
            return earlier
        conversation.survey_due = None
        survey = surveys.answers(change, conversation, str(request.get("text") or "")) if request is not None else None
        if survey is not None and request is not None:
            stored = log.add_message(change, conversation, log.CUSTOMER, content, client_id=client_id, request=request)
            surveys.take_answer(change, conversation, survey, str(request["text"]))
            return stored
        if conversation.owner == states.CLOSED:
            _begin_again(change, conversation)
            request = {**request, "fresh": True} if request is not None else None
        to_bot = route(conversation) == "bot"
        state = log.PASSED if not to_bot else "waiting" if request is not None else "done"
        stored = log.add_message(
            change, conversation, log.CUSTOMER, content, client_id=client_id, request=request, state=state
        )
        if to_bot:
            change.wake("inbox", conversation=conversation.id, channel=conversation.channel)
        elif conversation.unanswered_since is None:
            conversation.unanswered_since = clock.now()
        return stored


def _begin_again(change: Change, conversation: Any) -> None:
    states.move(change, conversation, "reopen")
    conversation.session += 1
    conversation.note = conversation.handoff = conversation.wanted_agent = conversation.answer_by = None
    conversation.category, conversation.priority, conversation.escalations = "", 0, 0
    conversation.unanswered_since = None
    conversation.tags, conversation.tried = [], []


def take(store: Store, conversation_id: str, worker: str, *, lease: float = LEASE_SECONDS) -> list[log.Stored]:
    """What waits for the bot in one conversation, oldest first, now held by `worker` for `lease` seconds.

    Nothing comes back when nothing waits (then the lease is given up) or when another living worker holds it: that one
    takes again after each turn and finds what came meanwhile. A turn that may last longer renews with another `take`.

    Raises:
        LookupError: the conversation does not exist.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if conversation.worker != worker and holds(conversation.worker, conversation.worker_until):
            return []
        tried = conversation.worker not in (None, worker)
        rows = _waiting(change, conversation_id)
        conversation.worker = worker if rows else None
        conversation.worker_until = time.time() + lease if rows else None
        return [replace(log.stored(row), tried=tried) for row in rows]


def finish(
    store: Store, conversation_id: str, through: int, replies: Sequence[dict[str, Any]] = ()
) -> list[log.Stored]:
    """The bot is through with the customer's messages up to number `through` and replies: the stored replies.

    Nothing is stored when somebody else finished that turn already. When a person took the conversation over while
    the bot was thinking, the customer must not hear the bot any more: its replies become a note for the person.
    A hand-over that the turn asked for happens here, after its replies.

    Raises:
        LookupError: the conversation does not exist.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        turn = _waiting(change, conversation_id, through)
        if not turn:
            _note_unsaid(change, conversation, through, replies)
            return []
        for row in turn:
            row.state = "done"
        said = [log.add_message(change, conversation, log.BOT, reply, answers=through) for reply in replies]
        if said and conversation.handoff is None and not _waiting(change, conversation_id):
            conversation.survey_due = surveys.quiet_until()
        if conversation.handoff is not None:
            from bot.conversations import handoff  # it needs the log and the states as this module does

            handoff.carry_out(change, conversation)
        return said


def hand_over(
    store: Store, conversation_id: str, through: int, replies: Sequence[dict[str, Any]], request: "Request"
) -> list[log.Stored]:
    """The bot cannot answer the messages up to `through`: it says `replies`, and a person gets them all.

    Nothing is stored when somebody else finished that turn already.

    Raises:
        LookupError: the conversation does not exist.
    """
    from bot.conversations import handoff  # it needs the log and the states as this module does

    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if not _waiting(change, conversation_id, through):
            _note_unsaid(change, conversation, through, replies)
            return []
        said = [log.add_message(change, conversation, log.BOT, reply, answers=through) for reply in replies]
        if conversation.handoff is None:
            conversation.handoff = asdict(request)
        handoff.carry_out(change, conversation)
        return said


def say(store: Store, conversation_id: str, content: dict[str, Any]) -> log.Stored | None:
    """A word of the bot that answers nothing (a reminder, a parcel's news); None while a person has the conversation.

    Raises:
        LookupError: the conversation does not exist.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if route(conversation) == "person":
            log.add_message(change, conversation, log.NOTE, {**content, "unsaid": True})
            return None
        return log.add_message(change, conversation, log.BOT, content)


def waiting_conversations(store: Store, channel: str) -> list[str]:
    """Conversations with messages that wait for the bot: at start and now and then, should a wake-up get lost."""
    query = (
        select(Message.conversation_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.state == "waiting", Conversation.channel == channel)
        .distinct()
        .order_by(Message.conversation_id)
    )
    with store.reading() as session:
        return list(session.execute(query).scalars())


def release(store: Store, worker: str) -> None:
    """A worker that stops gives back what it holds; its name stays, to tell the next one that somebody had begun."""
    with store.changing() as change:
        change.session.execute(
            update(Conversation)
            .where(Conversation.worker == worker)
            .values(worker_until=None)
            .execution_options(synchronize_session=False)
        )


def is_answering(store: Store, conversation_id: str) -> bool:
    """Whether a worker of the bot is busy with the conversation, in this process or another."""
    with store.reading() as session:
        conversation = session.get(Conversation, conversation_id)
        return conversation is not None and is_held(conversation)


def is_held(conversation: Any) -> bool:
    """Whether a worker of the bot is busy with a locked conversation."""
    return holds(conversation.worker, conversation.worker_until)


def pass_to_person(change: Change, conversation: Any, *, unheard: bool) -> None:
    """What still waits for the bot goes to the person instead; `unheard`: the bot has not begun to think about it.

    The person owes the answer from when the customer wrote it.
    """
    for row in _waiting(change, conversation.id):
        row.state = log.PASSED
        conversation.unanswered_since = conversation.unanswered_since or row.created_at
        if unheard:
            change.event("passed", conversation, conversation.agent_id, number=row.number)


def _waiting(change: Change, conversation_id: str, through: int | None = None) -> list[Any]:
    query = select(Message).where(Message.conversation_id == conversation_id, Message.state == "waiting")
    if through is not None:
        query = query.where(Message.number <= through)
    return list(change.session.execute(query.order_by(Message.number)).scalars())


def _note_unsaid(change: Change, conversation: Any, through: int, replies: Sequence[dict[str, Any]]) -> None:
    query = select(Message).where(Message.conversation_id == conversation.id, Message.number == through)
    row = change.session.execute(query).scalar_one_or_none()
    if row is None or row.state != log.PASSED:
        return
    noted = select(Message.id).where(Message.conversation_id == conversation.id, Message.answers == through)
    if change.session.execute(noted.limit(1)).scalar_one_or_none() is None:
        for reply in replies:
            log.add_message(change, conversation, log.NOTE, {**reply, "unsaid": True}, answers=through)
