"""Write events once, read them in order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import String, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from bot.db import engine_for, reading, writing
from bot.events.model import Event
from bot.events.tables import EventRow

_LOCK = 7_430_156
_LENGTHS = {c.name: c.type.length for c in EventRow.__table__.columns if isinstance(c.type, String)}


@dataclass(frozen=True)
class Stored:
    """An event with its place in the store."""

    seq: int
    event: Event


def add(url: str, events: Iterable[Event]) -> None:
    """Store `events` in one transaction, those with a known id not again."""
    rows = [_row(event) for event in events]
    if not rows:
        return
    insert = sqlite.insert if engine_for(url).dialect.name == "sqlite" else postgresql.insert
    statement = insert(EventRow.__table__).on_conflict_do_nothing(index_elements=["id"])
    with writing(url) as session:
        if engine_for(url).dialect.name == "postgresql":
            # One writer at a time: a number must not be committed after a higher one that somebody has read already.
            session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        session.connection().execute(statement, rows)


def since(url: str, seq: int, *, upto: int | None = None, batch: int = 2000) -> Iterator[list[Stored]]:
    """The events after `seq` in the order of the store, in batches; none after `upto`."""
    while True:
        query = select(EventRow).where(EventRow.seq > seq).order_by(EventRow.seq).limit(batch)
        if upto is not None:
            query = query.where(EventRow.seq <= upto)
        with reading(url) as session:
            found = [_stored(row) for row in session.execute(query).scalars()]
        if not found:
            return
        yield found
        seq = found[-1].seq


def of_conversation(url: str, conversation_id: str) -> list[Event]:
    """Everything that happened in a conversation, oldest first."""
    query = select(EventRow).where(EventRow.conversation_id == conversation_id).order_by(EventRow.at, EventRow.seq)
    with reading(url) as session:
        return [_stored(row).event for row in session.execute(query).scalars()]


def last_seq(url: str) -> int:
    """The place of the newest event; 0 in an empty store."""
    with reading(url) as session:
        return int(session.execute(select(func.coalesce(func.max(EventRow.seq), 0))).scalar_one())


def _row(event: Event) -> dict[str, object]:
    # A name from outside may be longer than its column, and must not keep the events behind it from the store.
    texts = {name: getattr(event, name)[:length] for name, length in _LENGTHS.items()}
    return {**texts, "at": event.at, "data": dict(event.data)}


def _stored(row: EventRow) -> Stored:
    return Stored(row.seq, Event(row.kind, row.conversation_id, row.at, row.id, row.channel, row.actor, row.data))
