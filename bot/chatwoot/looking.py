"""Looks into Chatwoot: agents' replies in order, and whether the conversation was resolved or given back to the bot.

A webhook only says where to look. So webhooks that come twice, late, in the wrong order or not at all do no harm: a
message counts by its id, and a status is what it is at the moment of looking. Ids are given before the commit, so a
message may appear after one with a higher id: the last minute is read again each time.
"""

import asyncio
import logging
import time
from typing import Any

from sqlalchemy import func, select

from bot import conversations
from bot.chatwoot import texts
from bot.chatwoot.client import OUTGOING, ChatwootError, Client
from bot.chatwoot.parcels import AGENT
from bot.chatwoot.pictures import Pictures
from bot.chatwoot.sending import unsent
from bot.chatwoot.tables import Link, Reading
from bot.conversations import NotYours, Store
from bot.conversations.tables import Conversation, Event
from bot.phrases import phrase

SWEEP_SECONDS = 60.0  # a webhook may get lost; then this finds what it told of
_LONGEST_WAIT, _AGAIN_SECONDS = 300.0, 0.2
_AT_ONCE = 8
_LATE_SECONDS = 60  # by which a message may be later than one with a higher id
_FETCHES = 3  # attempts at an agent's picture before the customer gets its address
_LOG = logging.getLogger(__name__)


def note_news(store: Store, remote: int) -> bool:
    """Something happened in the conversation `remote` there: look soon. False when it is none of ours."""
    with store.changing() as change:
        query = select(Link).where(Link.remote_id == remote).with_for_update()
        row = change.session.execute(query).scalar_one_or_none()
        if row is None:
            return False
        row.look_at = time.time()
        change.wake("chatwoot", conversation=row.conversation_id)
        return True


def next_look(store: Store) -> float | None:
    """When (`time.time()`) to look next."""
    query = select(func.min(Link.look_at)).where(Link.remote_id.is_not(None))
    with store.reading() as session:
        return session.execute(query).scalar_one_or_none()


async def look_where_due(store: Store, client: Client, pictures: Pictures) -> None:
    """Look at every conversation where it is time."""
    query = select(Link).where(Link.look_at <= time.time(), Link.remote_id.is_not(None)).order_by(Link.look_at)
    with store.reading() as session:
        due = list(session.execute(query.limit(2 * _AT_ONCE)).scalars())
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(link: Any) -> None:
        async with gate:
            began, failed, again = time.time(), False, False
            try:
                again = await _look(store, client, pictures, link)
            except ChatwootError as error:
                _LOG.warning("Chatwoot 的会话 %s 暂时读不到：%s", link.remote_id, error)
                failed = True
            await asyncio.to_thread(_looked, store, link.conversation_id, began, failed, again)

    await asyncio.gather(*(one(link) for link in due))


async def _look(store: Store, client: Client, pictures: Pictures, link: Any) -> bool:
    """Whether to look again soon."""
    # The status first: what an agent said before she resolved is then among the messages.
    version = await asyncio.to_thread(_settled, store, link.conversation_id)
    status = await client.status(link.remote_id)
    seen, heard = int(link.seen_id), set(link.heard or ())
    while found := await client.messages(link.remote_id, seen):
        for message in found:
            if message["id"] not in heard:
                images, others = await _pictures(client, pictures, message, last=link.failures >= _FETCHES)
                await asyncio.to_thread(_hear, store, link.conversation_id, message, images, others)
                heard.add(message["id"])
        seen = int(found[-1]["id"])
        settled, heard = _settled_ids(found, heard)
        await asyncio.to_thread(_saw, store, link.conversation_id, settled, sorted(heard))
    if status not in ("resolved", "pending"):
        return False
    if version is None or version != await asyncio.to_thread(_settled, store, link.conversation_id):
        return True
    await asyncio.to_thread(_leave, store, link.conversation_id, status)
    return False


def _settled_ids(found: list[dict[str, Any]], heard: set[int]) -> tuple[int | None, set[int]]:
    """(up to which id nothing can appear any more, the ids heard after it), by Chatwoot's own clock."""
    newest = max(int(one["created_at"]) for one in found)
    fresh = [int(one["id"]) for one in found if newest - int(one["created_at"]) <= _LATE_SECONDS]
    old = [int(one["id"]) for one in found if int(one["id"]) < min(fresh)]
    settled = max(old, default=None)
    return settled, {number for number in heard if settled is None or number > settled}


async def _pictures(
    client: Client, pictures: Pictures, message: dict[str, Any], *, last: bool
) -> tuple[list[str], list[dict[str, Any]]]:
    """(paths of its pictures here, its other attachments). `last`: what cannot be had now counts as other."""
    if not _is_reply(message):
        return [], []
    images, others = [], []
    for attachment in message.get("attachments") or []:
        try:
            path = await pictures.fetch(client, attachment)
        except ChatwootError:
            if not last:
                raise
            path = None
        if path is None:
            others.append(attachment)
        else:
            images.append(path)
    return images, others


def _is_reply(message: dict[str, Any]) -> bool:
    """Whether an agent said it to the customer, and has not deleted it."""
    sender, attributes = message.get("sender") or {}, message.get("content_attributes") or {}
    deleted = isinstance(attributes, dict) and attributes.get("deleted")
    own = message["message_type"] == OUTGOING and not message.get("private") and sender.get("type") == "user"
    return own and not deleted


def _settled(store: Store, conversation_id: str) -> int | None:
    """The conversation's version where Chatwoot knows all that happened to it; else None: its status may be old."""
    with store.reading() as session:
        read = session.get(Reading, 1).number or 0
        moved = (Event.conversation_id == conversation_id, Event.kind == "owner", Event.number > read)
        if session.execute(select(Event.number).where(*moved).limit(1)).first() is not None:
            return None
        conversation = session.get(Conversation, conversation_id)
    return None if conversation is None or unsent(store, conversation_id) else int(conversation.version)


def _hear(
    store: Store, conversation_id: str, message: dict[str, Any], images: list[str], others: list[dict[str, Any]]
) -> None:
    """An agent's reply goes to the customer; our own messages, notes and Chatwoot's own remarks do not.

    Its words and each of its pictures are messages of their own, each said once.
    """
    if not _is_reply(message):
        return
    sender, text = message["sender"], texts.reply(message, others)
    name = str(sender.get("available_name") or sender.get("name") or "客服")
    said: list[dict[str, Any]] = [{"text": text}] if text else []
    said += [{"attachment": {"type": "image", "payload": {"src": path}}} for path in images]
    for number, content in enumerate(said):
        _say(store, conversation_id, name, content, f"chatwoot-{message['id']}" + (f"-{number}" if number else ""))


def _say(store: Store, conversation_id: str, name: str, content: dict[str, Any], client_id: str) -> None:
    if conversations.find_by_client_id(store, conversation_id, client_id) is not None:
        return
    owner, agent = _owner(store, conversation_id)
    if owner == "agent" and agent != AGENT:  # somebody at the own desk has it
        note = {**content, "text": f"{name}：{texts.of(content)}"}
        conversations.add_note(store, conversation_id, AGENT, note, client_id=client_id)
        return
    if owner != "agent":
        words = {"text": phrase("utter_desk_joined", name=name)}
        conversations.take_over(store, conversation_id, AGENT, reason="chatwoot", words=words)
    try:
        conversations.agent_says(store, conversation_id, AGENT, {**content, "name": name}, client_id=client_id)
    except NotYours:  # taken between the two: look again
        raise ChatwootError(0, "会话刚换了人") from None


def _leave(store: Store, conversation_id: str, status: str) -> None:
    """Resolved there: closed here; pending there: the bot's again. Only where it is Chatwoot's now."""
    owner, agent = _owner(store, conversation_id)
    if owner == "waiting" and status == "resolved":  # nobody needed to write
        conversations.take_over(store, conversation_id, AGENT, reason="chatwoot")
    elif owner == "waiting":
        conversations.cancel(store, conversation_id, words={"text": phrase("utter_desk_given_back")})
        return
    elif owner != "agent" or agent != AGENT:
        return
    try:
        if status == "resolved":
            words = {"text": phrase("utter_desk_closed")}
            conversations.close(store, conversation_id, AGENT, words=words, resolved=True)
        else:
            words = {"text": phrase("utter_desk_given_back")}
            conversations.give_back(store, conversation_id, AGENT, words=words)
    except NotYours:
        _LOG.debug("%s was taken meanwhile", conversation_id)


def _owner(store: Store, conversation_id: str) -> tuple[str, str | None]:
    query = select(Conversation.owner, Conversation.agent_id).where(Conversation.id == conversation_id)
    with store.reading() as session:
        row = session.execute(query).one_or_none()
        return (row.owner, row.agent_id) if row is not None else ("", None)


def _saw(store: Store, conversation_id: str, settled: int | None, heard: list[int]) -> None:
    with store.changing() as change:
        row = change.session.get(Link, conversation_id, with_for_update=True, populate_existing=True)
        if row is not None:
            row.seen_id, row.heard = max(row.seen_id, settled or 0), heard


def _looked(store: Store, conversation_id: str, began: float, failed: bool, again: bool) -> None:
    """The next look: soon after a failure, else by the sweep; not before a webhook that came meanwhile."""
    with store.changing() as change:
        row = change.session.get(Link, conversation_id, with_for_update=True, populate_existing=True)
        if row is None or row.look_at is None or row.look_at > began:
            return
        row.failures = row.failures + 1 if failed else 0
        wait = min(2.0 ** min(row.failures - 1, 10), _LONGEST_WAIT) if failed else SWEEP_SECONDS
        wait = _AGAIN_SECONDS if again else wait
        row.look_at = time.time() + wait if row.theirs or failed or again else None
