"""Carries parcels to Chatwoot, in order within each conversation.

Chatwoot takes no idempotence key. In an inbox of the type API only this bridge makes incoming messages, one after the
other: where an attempt's end is unknown, an incoming message beyond the last known one is that parcel. Notes, which
agents write too, are known by their words besides.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from bot.chatwoot import erasures
from bot.chatwoot.client import INCOMING, ChatwootError, Client
from bot.chatwoot.pictures import Pictures
from bot.chatwoot.tables import Link, Parcel
from bot.conversations import Store, account_of

OPEN = ("waiting", "sending")
_LONGEST_WAIT = 300.0
_AT_ONCE = 8
_FILE_TRIES, _FILE_WAIT = 5, 2.0  # platforms' files are fetched beside; after that the message goes without
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Due:
    """A parcel to carry now; `attempts` counts this one, from 1."""

    id: int
    conversation_id: str
    kind: str
    content: dict[str, Any]
    attempts: int


class _NotHere(Exception):
    """The customer's file is being fetched from the platform."""


async def send_due(store: Store, client: Client, pictures: Pictures) -> int:
    """Carry the next parcel of every conversation where one is due; how many."""
    due = await asyncio.to_thread(_take, store)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(parcel: Due) -> None:
        async with gate:
            await _carry(store, client, pictures, parcel)

    await asyncio.gather(*(one(parcel) for parcel in due))
    return len(due)


def next_due(store: Store) -> float | None:
    """When (`time.time()`) the next parcel is due."""
    query = select(Parcel.next_at).where(Parcel.state.in_(OPEN), ~_earlier()).order_by(Parcel.next_at).limit(1)
    with store.reading() as session:
        return session.execute(query).scalar_one_or_none()


def _earlier() -> Any:
    before = aliased(Parcel)
    return exists().where(
        before.conversation_id == Parcel.conversation_id, before.id < Parcel.id, before.state.in_(OPEN)
    )


def _take(store: Store) -> list[Due]:
    query = select(Parcel).where(Parcel.state.in_(OPEN), Parcel.next_at <= time.time(), ~_earlier())
    with store.changing() as change:
        found = []
        for row in change.session.execute(query.order_by(Parcel.id).limit(2 * _AT_ONCE)).scalars():
            row.state, row.attempts = "sending", row.attempts + 1  # committed before the call: a crash is seen after
            found.append(Due(row.id, row.conversation_id, row.kind, row.content, row.attempts))
        return found


async def _carry(store: Store, client: Client, pictures: Pictures, due: Due) -> None:
    try:
        sent = await _deliver(store, client, pictures, due)
    except _NotHere:
        await asyncio.to_thread(_postpone, store, due)
    except ChatwootError as error:
        if error.status == 404:  # the conversation was deleted there: the next attempt makes a new one
            await asyncio.to_thread(_forget_remote, store, due.conversation_id)
        final = not error.again and (error.status != 404 or due.attempts > 3)
        if error.status in (401, 403):
            _LOG.error("Chatwoot 不接受令牌，请检查 endpoints.yml 里 desk 的 token：%s", error)
        elif final:
            _LOG.error("Chatwoot 不接受会话 %s 的内容，已跳过：%s", due.conversation_id, error)
        await asyncio.to_thread(_failed, store, due, error, final, client.longest)
    else:
        await asyncio.to_thread(_arrived, store, due, sent)


async def _deliver(store: Store, client: Client, pictures: Pictures, due: Due) -> int | None:
    """The id of the message there; None for what is none."""
    found = await _remote(store, client, due.conversation_id)
    if found is None:
        return None
    remote, sent_id = found
    if due.kind == "status":
        await client.set_status(remote, due.content["status"])
        return None
    private = due.kind == "note"
    if due.attempts > 1:
        arrived = await _find(client, remote, sent_id, due.content["text"], private)
        if arrived is not None:
            return arrived
    names = due.content.get("files") or ()
    files = await asyncio.to_thread(pictures.read, names)
    if len(files) < len(names) and due.attempts < _FILE_TRIES and not private:
        raise _NotHere
    # Without a file its place is told in the text.
    text = due.content["text"] if files or not names else due.content["instead"]
    try:
        return await client.post(remote, text, private=private, files=files)
    except ChatwootError as error:
        if not files or error.again or error.status == 404:
            raise
        return await client.post(remote, due.content["instead"], private=private)


async def _find(client: Client, remote: int, after: int, text: str, private: bool) -> int | None:
    while found := await client.messages(remote, after):
        for one in found:
            if private and one.get("private") and (one.get("content") or "") == text:
                return int(one["id"])
            if not private and one["message_type"] == INCOMING:
                return int(one["id"])
        after = int(found[-1]["id"])
    return None


async def _remote(store: Store, client: Client, conversation_id: str) -> tuple[int, int] | None:
    """(conversation there, last message that is known to have come from here), made where there is none.

    None where the person was erased meanwhile: then what was made there goes too.
    """
    with store.reading() as session:
        link = session.get(Link, conversation_id)
    if link is None:
        return None
    if link.remote_id is not None:
        return int(link.remote_id), int(link.sent_id)
    channel, _ = account_of(store, conversation_id) or ("", "")
    contact, source = await client.contact(conversation_id, f"{channel} {conversation_id[:8]}")
    remote = await client.conversation(contact, source)
    with store.changing() as change:
        row = change.session.get(Link, conversation_id, with_for_update=True, populate_existing=True)
        if row is None:
            erasures.note(change, contact)
            return None
        row.contact_id, row.source_id, row.remote_id = contact, source, remote
    return remote, int(link.sent_id)


def _arrived(store: Store, due: Due, sent: int | None) -> None:
    with store.changing() as change:
        row = change.session.get(Parcel, due.id, with_for_update=True)
        if row is None:  # erased meanwhile
            return
        row.state, row.error = "sent", None
        link = change.session.get(Link, due.conversation_id, with_for_update=True, populate_existing=True)
        if sent is not None and link is not None:
            link.sent_id = max(link.sent_id, sent)


def _postpone(store: Store, due: Due) -> None:
    with store.changing() as change:
        row = change.session.get(Parcel, due.id, with_for_update=True)
        if row is not None:
            row.next_at = time.time() + _FILE_WAIT


def _failed(store: Store, due: Due, error: ChatwootError, final: bool, longest: float) -> None:
    with store.changing() as change:
        row = change.session.get(Parcel, due.id, with_for_update=True)
        if row is not None:
            row.state, row.error = ("failed" if final else "sending"), str(error)
            wait = min(2.0 ** min(due.attempts - 1, 10), _LONGEST_WAIT)
            # A call that got no answer may still be carried out: look for its message not too early.
            row.next_at = time.time() + (max(wait, longest) if error.status == 0 else wait)


def _forget_remote(store: Store, conversation_id: str) -> None:
    with store.changing() as change:
        row = change.session.get(Link, conversation_id, with_for_update=True, populate_existing=True)
        if row is not None:
            row.remote_id, row.seen_id, row.heard, row.sent_id = None, 0, [], 0


def unsent(store: Store, conversation_id: str) -> bool:
    """Whether something of the conversation is still on its way."""
    query = select(Parcel.id).where(Parcel.conversation_id == conversation_id, Parcel.state.in_(OPEN))
    with store.reading() as session:
        return session.execute(query.limit(1)).first() is not None
