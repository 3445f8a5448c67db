"""Erases what each room keeps of a person outside the shop's own tables, one short transaction a step.

Each step may be done again and does no harm then: an erasure that broke off is begun anew.
"""

import gzip
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Text, cast, delete, inspect, or_, select, text, update

from bot.channels.media import PREFIX as MEDIA
from bot.channels.shared_tables import MediaFile
from bot.chatwoot import erasures
from bot.chatwoot.tables import Link, Parcel
from bot.conversations.tables import Conversation, Delivery, Event, Message, Survey, Ticket
from bot.db import engine_for, reading, writing
from bot.events.masking import mask_text
from bot.events.tables import EventRow
from bot.insight.tables import ContactRow, ExposureRow
from bot.knowledge.tables import AskedRow
from bot.learning.tables import DrawnRow
from bot.quality.tables import AppealRow, FindingRow, OutsideRow, TalkRow
from bot.runtime import tracker_rows
from bot.settings import Settings
from bot.upkeep.person import Needle, Person, parts
from bot.upkeep.searching import archives, line_holds, lines_of
from bot.upkeep.stores import Store, exists, stores

Counts = Counter[str]  # table or folder → rows or files
_BATCH = 1000
_PLAIN = {"synchronize_session": False}


def erase_outside_shop(settings: Settings, person: Person, needles: Sequence[Needle]) -> Counts:
    """Everything of the person but the shop's own tables: chats, trackers, events, figures, quality, files."""
    there = {store.room: store for store in stores(settings) if exists(store.url) and _has_tables(store)}
    counts = Counter[str]()
    ids = list(person.conversations)
    if "runtime" in there:
        counts.update(_trackers(there["runtime"].url, ids))
    if "events" in there:
        counts.update(_delete(there["events"].url, EventRow, EventRow.conversation_id.in_(ids)))
    if "insight" in there:
        counts.update(_figures(there["insight"].url, person))
    if "quality" in there:
        counts.update(_quality(there["quality"].url, person))
    if "learning" in there:
        counts.update(_delete(there["learning"].url, DrawnRow, DrawnRow.conversation_id.in_(ids)))
    if "knowledge" in there:
        counts.update(_delete(there["knowledge"].url, AskedRow, AskedRow.conversation.in_(ids)))
    if "chatwoot" in there:
        # Her contacts in Chatwoot itself are deleted by the bridge, as soon as it can.
        counts["chatwoot_contacts"] += erasures.ask(there["chatwoot"].url, ids)
        for table in (Parcel, Link):
            counts += _delete(there["chatwoot"].url, table, table.conversation_id.in_(ids))
    if "conversations" in there:
        # Last: by the conversations the others are found.
        counts.update(_chats(settings, there["conversations"].url, ids, with_media="channels" in there))
    counts.update(_archives(settings, needles))
    return counts


def _has_tables(store: Store) -> bool:
    there = set(inspect(engine_for(store.url)).get_table_names())
    return set(store.metadata.tables) <= there


def _trackers(url: str, ids: list[str]) -> Counts:
    counts = Counter(tracker_rows.erase(url, ids))
    columns = {c["name"] for c in inspect(engine_for(url)).get_columns("events")} if _has(url, "events") else set()
    if {"sender_id", "type_name", "data"} <= columns:  # Rasa's own store, which was taken over
        with writing(url) as session:
            for sender in ids:
                gone: Any = session.execute(text("DELETE FROM events WHERE sender_id = :sender"), {"sender": sender})
                counts["events"] += gone.rowcount
    return counts


def _has(url: str, table: str) -> bool:
    return bool(inspect(engine_for(url)).has_table(table))


def _figures(url: str, person: Person) -> Counts:
    """Contacts and exposures stay as figures, under a name that leads to nobody."""
    nobody = f"erased-{secrets.token_hex(8)}"
    customers = [f"{channel}/{account}" for channel, account in person.accounts]
    customers += [person.customer_id] if person.customer_id else []
    mine = or_(ContactRow.conversation_id.in_(person.conversations), ContactRow.customer.in_(customers))
    with writing(url) as session:
        counts = Counter[str]()
        for number, row in enumerate(session.scalars(select(ContactRow).where(mine)).all()):
            place = (ContactRow.conversation_id == row.conversation_id, ContactRow.started_at == row.started_at)
            values = {"conversation_id": f"{nobody}-{number}", "customer": nobody, "order_no": None}
            session.execute(update(ContactRow).where(*place).values(**values).execution_options(**_PLAIN))
            counts["insight_contacts"] += 1
        seen = update(ExposureRow).where(ExposureRow.customer.in_(customers)).values(customer=nobody)
        counts["insight_exposures"] = session.execute(seen.execution_options(**_PLAIN)).rowcount
        return counts


def _quality(url: str, person: Person) -> Counts:
    with reading(url) as session:
        talks = list(session.scalars(select(TalkRow.id).where(TalkRow.conversation_id.in_(person.conversations))))
        # Of a call only the masked number is known: two who cannot be told apart are both forgotten.
        masked = [mask_text(phone) for phone in person.phones if mask_text(phone) != phone]
        calls = list(session.scalars(select(OutsideRow.id).where(OutsideRow.customer.in_([*person.phones, *masked]))))
        talks += list(session.scalars(select(TalkRow.id).where(TalkRow.conversation_id.in_(calls))))
    counts = _delete(url, FindingRow, FindingRow.talk_id.in_(talks))
    counts += _delete(url, AppealRow, AppealRow.talk_id.in_(talks))
    counts += _delete(url, TalkRow, TalkRow.id.in_(talks))
    counts += _delete(url, OutsideRow, OutsideRow.id.in_([*calls, *person.conversations]))
    return counts


def _chats(settings: Settings, url: str, ids: list[str], *, with_media: bool) -> Counts:
    names = media_of(url, ids)
    counts = Counter[str]()
    for table in (Delivery, Survey, Ticket, Event):
        counts += _delete(url, table, table.conversation_id.in_(ids))
    # The messages name the files: those go first, so that an erasure that breaks off finds them again.
    if with_media:
        counts += _delete(url, MediaFile, MediaFile.name.in_(names))
    for name in names:
        path = settings.var / "media" / name
        counts["media"] += path.is_file()
        path.unlink(missing_ok=True)
    for picture in _own_uploads(url, ids):
        path = settings.var / "uploads" / picture
        counts["uploads"] += path.is_file()
        path.unlink(missing_ok=True)
    counts += _delete(url, Message, Message.conversation_id.in_(ids))
    counts += _delete(url, Conversation, Conversation.id.in_(ids))
    return counts


def media_of(url: str, ids: Iterable[str]) -> list[str]:
    """The names of the files (in var/media) that the messages of some conversations show."""
    return _linked(url, ids, MEDIA)


def uploads_of(url: str, ids: Iterable[str]) -> list[str]:
    """The names of the pictures (in var/uploads) that agents sent to some conversations."""
    return _linked(url, ids, "/uploads/")


def _own_uploads(url: str, ids: list[str]) -> list[str]:
    """Pictures that agents sent to these conversations and to nobody else."""
    mine = uploads_of(url, ids)
    if not mine:
        return []
    found = []
    with reading(url) as session:
        for name in mine:
            holds_name = cast(Message.content, Text).contains(name, autoescape=True)
            others = select(Message.id).where(holds_name, Message.conversation_id.not_in(ids)).limit(1)
            if session.execute(others).first() is None:
                found.append(name)
    return found


def _linked(url: str, ids: Iterable[str], prefix: str) -> list[str]:
    found: dict[str, None] = {}
    with reading(url) as session:
        query = select(Message.content, Message.request)
        rows = (row for part in parts(sorted(ids)) for row in session.execute(query.where(_of_chats(part))))
        for content, request in rows:
            if prefix == MEDIA and (request or {}).get("media"):
                found[Path(str(request["media"])).name] = None
            for value in _texts([content, request]):
                path = value.rpartition(prefix)
                if path[1] and path[2] and "/" not in path[2]:
                    found[Path(path[2]).name] = None
    return list(found)


def _of_chats(ids: Sequence[str]) -> Any:
    return Message.conversation_id.in_(ids)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _archives(settings: Settings, needles: Sequence[Needle]) -> Counts:
    """Archives are written anew without the person's lines."""
    counts = Counter[str]()
    for path in archives(settings):
        gone = sum(line_holds(line, needles) for line in lines_of(path))
        if not gone:
            continue
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        with gzip.open(partial, "wt", encoding="utf8") as kept:
            kept.writelines(line for line in lines_of(path) if not line_holds(line, needles))
        partial.replace(path)
        counts["archive"] += gone
    return counts


def _delete(url: str, table: Any, condition: Any) -> Counts:
    """Delete the rows in batches; what refers to them must be gone."""
    key, count = next(iter(table.__table__.primary_key.columns)), 0
    while True:
        with writing(url) as session:
            keys = session.scalars(select(key).where(condition).distinct().limit(_BATCH)).all()
            if not keys:
                return Counter({table.__tablename__: count})
            gone: Any = session.execute(delete(table).where(key.in_(keys), condition).execution_options(**_PLAIN))
            count += gone.rowcount
