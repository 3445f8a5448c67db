"""Who gets a conversation: taken, given back, passed on, closed, lost over a broken promise; one transaction each."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot import clock
from bot.conversations import agents, inbox, log, states
from bot.conversations.log import Words
from bot.conversations.speaking import check_owner
from bot.conversations.store import Store
from bot.conversations.tables import Conversation
from bot.conversations.tickets import finish_tickets


def claim(
    store: Store,
    conversation_id: str,
    agent_id: str,
    *,
    version: int | None = None,
    force: bool = False,
    words: Words = None,
) -> bool:
    """Give a waiting conversation to an agent; `force` also beyond her capacity, as when she takes it herself.

    False when she cannot take one more, or when somebody else is about to take this one (its row is locked).

    Raises:
        LookupError: no such conversation or agent.
        IllegalMove: it does not wait, or has changed since `version`.
    """
    with store.changing() as change:
        query = select(Conversation).where(Conversation.id == conversation_id).with_for_update(skip_locked=True)
        conversation = change.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
        if conversation is None:
            if log.conversation_exists(store, conversation_id):
                return False
            raise LookupError(f"没有编号为 {conversation_id} 的会话")
        states.check(conversation, "claim")
        if version is not None and conversation.version != version:
            raise states.IllegalMove(conversation.owner, "claim")
        if not agents.take_one_more(change, agent_id, beyond_capacity=force):
            return False
        states.move(change, conversation, "claim", agent_id=agent_id)
        log.add_words(change, conversation, words)
        return True


def take_over(
    store: Store, conversation_id: str, agent_id: str, *, reason: str = "barge_in", words: Words = None
) -> None:
    """Give a conversation to an agent whoever owns it now: a supervisor stepping in, a direct transfer, a ticket.

    A reply that the bot is still thinking about will not be said (`inbox.finish`). Its own already: nothing changes.

    Raises:
        LookupError: no such conversation or agent.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if conversation.owner == states.AGENT and conversation.agent_id == agent_id:
            return
        agents.take_one_more(change, agent_id, beyond_capacity=True)
        from_bot = conversation.owner in (states.BOT, states.CLOSED)
        states.move(change, conversation, "take", agent_id=agent_id, reason=reason)
        if from_bot:
            request = conversation.handoff or {}
            conversation.note = {**request.get("note", {}), "reason": request.get("reason", reason)}
            conversation.category = request.get("category", conversation.category)
            conversation.handoff = None
            inbox.pass_to_person(change, conversation, unheard=not inbox.is_held(conversation))
        log.add_words(change, conversation, words)


def give_back(store: Store, conversation_id: str, agent_id: str, *, words: Words = None) -> None:
    """Back to the bot, which goes on where it was: nothing was said to it meanwhile.

    Raises:
        LookupError: no such conversation.
        NotYours: another owner.
    """
    _leave(store, conversation_id, agent_id, "give_back", words)


def close(store: Store, conversation_id: str, agent_id: str, *, words: Words = None, **details: Any) -> None:
    """It is done; the customer's next message begins anew with the bot.

    Raises:
        LookupError: no such conversation.
        NotYours: another owner.
    """
    _leave(store, conversation_id, agent_id, "close", words, **details)


def _leave(store: Store, conversation_id: str, agent_id: str, move: str, words: Words, **details: Any) -> None:
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        check_owner(conversation, agent_id)
        states.move(change, conversation, move, by=agent_id, **details)
        log.add_words(change, conversation, words)
        conversation.wanted_agent = None
        finish_tickets(change, conversation_id)


def return_to_queue(
    store: Store,
    conversation_id: str,
    *,
    agent_id: str,
    reason: str,
    version: int | None = None,
    priority: int = 0,
    words: Words = None,
) -> bool:
    """An agent who is gone or silent loses the chat; it waits again, before others by `priority`.

    False when she does not own it any more or it changed since `version`.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if conversation.owner != states.AGENT or conversation.agent_id != agent_id:
            return False
        if version is not None and conversation.version != version:
            return False
        conversation.priority = max(conversation.priority, priority)
        if conversation.wanted_agent == agent_id:
            conversation.wanted_agent = None
        conversation.tried = list(dict.fromkeys([*conversation.tried, agent_id]))
        states.move(change, conversation, "return", reason=reason)
        log.add_words(change, conversation, words)
        return True


def breach(store: Store, conversation_id: str, *, version: int, next_seconds: float | None) -> int | None:
    """The promised time to answer is over: recorded, and an agent who had the chat loses it. The level, from 1.

    None when it was answered or moved meanwhile. The next answer is due in `next_seconds`.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        due = conversation.answer_by
        if conversation.version != version or due is None or clock.as_utc(due) > clock.now():
            return None
        late, agent_id = (clock.now() - clock.as_utc(due)).total_seconds(), conversation.agent_id
        conversation.escalations += 1
        conversation.answer_by = None if next_seconds is None else clock.now() + timedelta(seconds=next_seconds)
        level = int(conversation.escalations)
        change.event("sla", conversation, agent_id, level=level, late=round(late, 3), category=conversation.category)
        if conversation.owner == states.AGENT and next_seconds is not None:
            conversation.tried = list(dict.fromkeys([*conversation.tried, agent_id]))
            conversation.wanted_agent = None
            states.move(change, conversation, "return", reason="sla")
        return level


def transfer(
    store: Store,
    conversation_id: str,
    agent_id: str,
    *,
    category: str | None = None,
    to_agent: str | None = None,
    words: Words = None,
) -> None:
    """Pass a chat on: into the queue of a `category`, or to wait for one agent.

    Raises:
        LookupError: no such conversation.
        NotYours: another owner.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        check_owner(conversation, agent_id)
        conversation.category = category if category is not None else conversation.category
        conversation.wanted_agent = to_agent
        conversation.priority = max(conversation.priority, 1)  # she has waited once
        conversation.tried = [agent_id]
        states.move(change, conversation, "transfer", by=agent_id, to=to_agent)
        log.add_words(change, conversation, words)
