"""What people write in a conversation: to the customer, among staff, on the card; and how long an answer takes."""

from typing import Any

from bot import clock
from bot.conversations import log, states
from bot.conversations.store import Change, Store
from bot.conversations.tables import Counter

ANSWER_SECONDS = "answer_seconds"
_WEIGHT = 0.2  # of the newest answer time in the moving average


class NotYours(PermissionError):
    """The conversation belongs to another agent, or to none."""


def agent_says(
    store: Store,
    conversation_id: str,
    agent_id: str,
    content: dict[str, Any],
    *,
    client_id: str | None = None,
    step_in: bool = False,
) -> log.Stored:
    """Store an agent's message to the customer; the same `client_id` again stores nothing.

    `step_in`: a supervisor may write into a chat that another agent owns.

    Raises:
        LookupError: no such conversation.
        NotYours: another owner.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        earlier = log.by_client_id(change.session, conversation_id, client_id) if client_id else None
        if earlier is not None:
            return earlier
        if not step_in or conversation.owner != states.AGENT:
            check_owner(conversation, agent_id)
        stored = log.add_message(change, conversation, log.AGENT, content, client_id=client_id, sender=agent_id)
        if conversation.waiting_since is not None:
            waited = (clock.now() - clock.as_utc(conversation.waiting_since)).total_seconds()
            _learn_answer_time(change, max(0.0, waited))
            change.event("answered", conversation, agent_id, seconds=round(waited, 3))
        conversation.waiting_since = conversation.answer_by = conversation.unanswered_since = None
        conversation.last_agent_at = clock.now()
        conversation.read_number = conversation.last_number
        return stored


def add_note(
    store: Store, conversation_id: str, author_id: str, content: dict[str, Any], *, client_id: str | None = None
) -> log.Stored:
    """A word among staff in the conversation: an agent's note, a supervisor's whisper. The customer never sees it.

    Raises:
        LookupError: no such conversation.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        earlier = log.by_client_id(change.session, conversation_id, client_id) if client_id else None
        return earlier or log.add_message(
            change, conversation, log.NOTE, content, client_id=client_id, sender=author_id
        )


def system_says(
    store: Store, conversation_id: str, content: dict[str, Any], *, only: str | None = None, key: str | None = None
) -> log.Stored | None:
    """A word of the house to the customer (position in the queue, who has come). None when the owner is not `only`.

    The same `key` again says nothing.

    Raises:
        LookupError: no such conversation.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if only is not None and conversation.owner != only:
            return None
        if key is not None and log.by_client_id(change.session, conversation_id, key) is not None:
            return None
        return log.add_message(change, conversation, log.SYSTEM, content, client_id=key)


def set_tags(store: Store, conversation_id: str, tags: list[str]) -> None:
    """Replace the tags.

    Raises:
        LookupError: no such conversation.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        conversation.tags = list(dict.fromkeys(tags))
        change.event("tags", conversation, conversation.agent_id, tags=conversation.tags)


def mark_read(store: Store, conversation_id: str, number: int) -> None:
    """The owner has seen everything up to `number`."""
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        conversation.read_number = max(conversation.read_number, min(number, conversation.last_number))


def answer_seconds(store: Store) -> float:
    """How long customers waited for a person's answer of late (moving average)."""
    with store.reading() as session:
        return float(session.get(Counter, ANSWER_SECONDS).value)


def check_owner(conversation: Any, agent_id: str) -> None:
    """
    Raises:
        NotYours: the conversation is not this agent's.
    """
    if conversation.owner != states.AGENT or conversation.agent_id != agent_id:
        raise NotYours(f"conversation {conversation.id} belongs to {conversation.agent_id or conversation.owner}")


def _learn_answer_time(change: Change, seconds: float) -> None:
    row = change.session.get(Counter, ANSWER_SECONDS, with_for_update=True, populate_existing=True)
    row.value += _WEIGHT * (seconds - row.value)
