"""Who is behind a conversation, as the figures see it: the shop's customer with their segment, else the account."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_

from bot import clock
from bot.conversations.tables import Conversation
from bot.db import reading
from bot.settings import Settings
from bot.shop.customer_tables import RfmRow
from bot.shop.segments import Standing, load_segments, segment_of
from bot.shop.trade_tables import AccountRow, CustomerRow

GUEST = "guest"  # the segment of whom the shop does not know
_BATCH = 400
Key = tuple[str, str]  # channel, account


@dataclass(frozen=True)
class Person:
    """`customer` is the shop's id of them, or "channel/account" of a guest."""

    customer: str
    segment: str


def people_of(settings: Settings, conversations: Mapping[str, str]) -> dict[str, Person]:
    """Conversation → the person, from conversation → its channel as the events have it.

    Channels with a conversation store give Rasa the conversation's id as sender, and the account stands in that store;
    in the others, as Rasa's REST channel, the sender is the account.
    """
    query = select(Conversation.id, Conversation.channel, Conversation.account)
    rows = _rows(settings.chat_url, query, Conversation.id, conversations)
    stored = {row.id: (row.channel, row.account) for row in rows}
    accounts = {
        conversation: stored.get(conversation, (channel, conversation))
        for conversation, channel in conversations.items()
    }
    customers = _customers(settings.shop_url, set(accounts.values()))
    segments = _segments(settings.shop_url, set(customers.values()))
    found = {}
    for conversation, account in accounts.items():
        customer = customers.get(account)
        found[conversation] = Person(customer or "/".join(account), segments.get(customer or "", GUEST))
    return found


def conversations_of(settings: Settings, accounts: Collection[Key]) -> dict[Key, str]:
    """(channel, account) → the conversation; the account itself in channels without a conversation store."""
    query = select(Conversation.id, Conversation.channel, Conversation.account)
    rows = _rows(settings.chat_url, query, tuple_(Conversation.channel, Conversation.account), accounts)
    stored = {(row.channel, row.account): row.id for row in rows}
    return {key: stored.get(key, key[1]) for key in accounts}


def _customers(url: str, accounts: Collection[Key]) -> dict[Key, str]:
    query = select(AccountRow.channel, AccountRow.account, AccountRow.customer_id)
    rows = _rows(url, query, tuple_(AccountRow.channel, AccountRow.account), accounts)
    return {(row.channel, row.account): row.customer_id for row in rows}


def _segments(url: str, customers: Collection[str]) -> dict[str, str]:
    """Customer → their segment of today."""
    query = select(
        CustomerRow.id, CustomerRow.created_at, RfmRow.last_paid_at, RfmRow.frequency, RfmRow.monetary_fen
    ).join_from(CustomerRow, RfmRow, RfmRow.customer_id == CustomerRow.id, isouter=True)
    segments, today = load_segments(), clock.local(clock.now()).date()
    found = {}
    for row in _rows(url, query, CustomerRow.id, customers):
        paid = (today - clock.local(row.last_paid_at).date()).days if row.last_paid_at else None
        known = (today - clock.local(row.created_at).date()).days
        standing = Standing(
            None if paid is None else max(0, paid), row.frequency or 0, row.monetary_fen or 0, max(0, known)
        )
        found[row.id] = segment_of(standing, segments).name
    return found


def _rows(url: str, query: Any, column: Any, values: Collection[Any]) -> Iterator[Any]:
    wanted = sorted(values)
    with reading(url) as session:
        for part in parts(wanted):
            yield from session.execute(query.where(column.in_(part)))


def parts(values: list[Any]) -> Iterable[list[Any]]:
    """`values` in pieces that fit into one query."""
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
