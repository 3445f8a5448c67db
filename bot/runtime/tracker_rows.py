"""Reading and writing the rows of the tracker store: one query a load, one transaction a save."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from bot.db import asking, engine_for
from bot.runtime.tracker_tables import HeadRow, TurnRow

_HEADS, _TURNS = HeadRow.__table__, TurnRow.__table__
_WINDOW = (
    select(_HEADS.c.carried, _TURNS.c.number, _TURNS.c.data)
    .select_from(
        _HEADS.outerjoin(_TURNS, (_TURNS.c.sender_id == _HEADS.c.sender_id) & (_TURNS.c.number >= _HEADS.c.start))
    )
    .where(_HEADS.c.sender_id == bindparam("sender"))
    .order_by(_TURNS.c.number)
)
_LAST = (
    select(_TURNS.c.number, _TURNS.c.at)
    .where(_TURNS.c.sender_id == bindparam("sender"))
    .order_by(_TURNS.c.number.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Place:
    """Where a conversation stands: the number of its last turn, and when that ended (seconds since the epoch)."""

    number: int
    at: float


@dataclass(frozen=True)
class Saved:
    """What a save adds.

    Attributes:
        number: what the first of `turns` gets, after the last one that the saver knew.
        turns: lists of events; the window may be told to begin at the last one.
        start: where the window begins from now on, None when it stays.
        carried: with `start`, the events that lead to the state there.
    """

    number: int
    turns: Sequence[Sequence[dict[str, Any]]]
    start: int | None = None
    carried: Sequence[dict[str, Any]] = field(default=())


def load(url: str, sender_id: str) -> list[tuple[str, int | None, str | None]]:
    """(carried, number, data) of each turn in the window; empty when the conversation is not known."""
    with asking(url) as connection:
        return [tuple(row) for row in connection.execute(_WINDOW, {"sender": sender_id})]


def last(url: str, sender_id: str) -> Place | None:
    """Where the conversation stands; None when it is not known."""
    with asking(url) as connection:
        found = connection.execute(_LAST, {"sender": sender_id}).first()
        return Place(*found) if found else None


def load_all(url: str, sender_id: str) -> list[tuple[int, str]]:
    """(number, data) of all turns."""
    query = select(_TURNS.c.number, _TURNS.c.data).where(_TURNS.c.sender_id == sender_id).order_by(_TURNS.c.number)
    with asking(url) as connection:
        return [(row.number, row.data) for row in connection.execute(query)]


def save(url: str, sender_id: str, saved: Saved) -> int:
    """Add turns in one transaction; returns the number of the last one.

    A save that is repeated because its outcome was not known adds nothing. When another process has saved meanwhile,
    which the lock should prevent, the turns go behind its own.
    """
    try:
        with _writing(url) as connection:
            return _add(connection, sender_id, saved, is_new=saved.number == 1)
    except IntegrityError:
        with _writing(url) as connection:
            return _add_behind(connection, sender_id, saved)


def _writing(url: str) -> Any:
    return engine_for(url).execution_options(writes=True).begin()


def _add(connection: Connection, sender_id: str, saved: Saved, *, is_new: bool) -> int:
    rows = [
        {"sender_id": sender_id, "number": number, "at": time_of(turn), "size": len(turn), "data": json.dumps(turn)}
        for number, turn in enumerate(saved.turns, start=saved.number)
    ]
    connection.execute(insert(_TURNS), rows)
    head = {"start": saved.start or saved.number, "carried": json.dumps(saved.carried)}
    if is_new:
        connection.execute(insert(_HEADS), {"sender_id": sender_id, **head})
    elif saved.start is not None:
        connection.execute(update(_HEADS).where(_HEADS.c.sender_id == sender_id).values(**head))
    return saved.number + len(rows) - 1


def _add_behind(connection: Connection, sender_id: str, saved: Saved) -> int:
    known = select(_TURNS.c.data).where(_TURNS.c.sender_id == sender_id, _TURNS.c.number == saved.number)
    if connection.execute(known).scalar() == json.dumps(saved.turns[0]):
        return saved.number + len(saved.turns) - 1
    last = select(func.max(_TURNS.c.number)).where(_TURNS.c.sender_id == sender_id)
    number = int(connection.execute(last).scalar() or 0) + 1
    # A session that begins in these turns still begins there; a window that was to be cut elsewhere is cut next time.
    begins = saved.start is not None and not saved.carried
    start = number + saved.start - saved.number if begins and saved.start is not None else None
    return _add(connection, sender_id, Saved(number, saved.turns, start), is_new=False)


def senders(url: str) -> list[str]:
    """Every conversation's id."""
    with asking(url) as connection:
        return list(connection.execute(select(_HEADS.c.sender_id)).scalars())


def latest(url: str, seconds: float) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Conversation and events of the turns that were saved in the last `seconds`, or that long before the last one."""
    with engine_for(url).connect() as connection:
        last = connection.execute(select(func.max(_TURNS.c.at))).scalar()
        if last is None:
            return
        # A clock that was ahead and has been set right leaves turns of the future behind.
        query = select(_TURNS.c.sender_id, _TURNS.c.data).where(_TURNS.c.at >= min(last, time.time()) - seconds)
        for sender_id, data in connection.execute(query.order_by(_TURNS.c.at, _TURNS.c.number)):
            yield sender_id, json.loads(data)


def erase(url: str, sender_ids: Sequence[str]) -> dict[str, int]:
    """Remove conversations; how many rows of which table."""
    with _writing(url) as connection:
        return {
            table.name: connection.execute(delete(table).where(table.c.sender_id.in_(sender_ids))).rowcount
            for table in (_TURNS, _HEADS)
        }


def time_of(turn: Sequence[dict[str, Any]]) -> float:
    """When a turn ended, seconds since the epoch."""
    return float(turn[-1].get("timestamp") or 0.0)
