"""A person's erasure in Chatwoot: her contacts there go, with their conversations and messages."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from bot.chatwoot.client import ChatwootError, Client
from bot.chatwoot.tables import Erasure, Link
from bot.conversations import Store
from bot.conversations.store import Change
from bot.db import writing

_LONGEST_WAIT = 3600.0
_LOG = logging.getLogger(__name__)


def ask(url: str, conversation_ids: Sequence[str]) -> int:
    """Note the contacts of the conversations for deletion, before the links go; how many."""
    with writing(url) as session:
        query = select(Link.contact_id).where(Link.conversation_id.in_(conversation_ids), Link.contact_id.is_not(None))
        contacts = set(session.execute(query).scalars())
        for contact in contacts:
            session.merge(Erasure(contact_id=contact, attempts=0, next_at=0.0))
        return len(contacts)


def note(change: Change, contact: int) -> None:
    """The same for a contact that was made while its person was being erased."""
    change.session.merge(Erasure(contact_id=contact, attempts=0, next_at=0.0))


async def carry_out(store: Store, client: Client) -> None:
    """Delete the contacts that are due; what fails is tried again until it is done."""
    for contact, attempts in await asyncio.to_thread(_due, store):
        try:
            await client.delete_contact(contact)
        except ChatwootError as error:
            # Not among what is "not again": an administrator may give the account its right later.
            _LOG.error("Chatwoot 的联系人 %s 还没有删掉，会再试：%s", contact, error)
            await asyncio.to_thread(_later, store, contact, attempts + 1)
        else:
            await asyncio.to_thread(_done, store, contact)


def next_erasure(store: Store) -> float | None:
    """When (`time.time()`) the next one is due."""
    with store.reading() as session:
        return session.execute(select(func.min(Erasure.next_at))).scalar_one_or_none()


def _due(store: Store) -> list[tuple[int, int]]:
    query = select(Erasure).where(Erasure.next_at <= time.time()).order_by(Erasure.contact_id).limit(20)
    with store.reading() as session:
        return [(int(row.contact_id), int(row.attempts)) for row in session.execute(query).scalars()]


def _later(store: Store, contact: int, attempts: int) -> None:
    with store.changing() as change:
        row: Any = change.session.get(Erasure, contact, with_for_update=True)
        if row is not None:
            row.attempts, row.next_at = attempts, time.time() + min(2.0**attempts, _LONGEST_WAIT)


def _done(store: Store, contact: int) -> None:
    with store.changing() as change:
        row = change.session.get(Erasure, contact, with_for_update=True)
        if row is not None:
            change.session.delete(row)
