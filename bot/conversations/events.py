"""What has happened, for the desk's pages: read on from a number; old ones are forgotten."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select

from bot import clock
from bot.conversations.store import Store
from bot.conversations.tables import Counter, Event

_FORGOTTEN, _TOLD = "events_forgotten", "events_told"


@dataclass(frozen=True)
class Happened:
    """One event; `kind` and `data` as docs/api/desk.md has them."""

    number: int
    at: datetime
    kind: str
    conversation_id: str | None
    agent_id: str | None
    data: dict[str, Any]


def last_event(store: Store) -> int:
    """The number of the newest event, 0 before the first."""
    with store.reading() as session:
        return int(session.execute(select(Counter.value).where(Counter.name == "events")).scalar_one())


def first_event(store: Store) -> int:
    """The number of the oldest event that `events_after` can still go on from without a hole."""
    with store.reading() as session:
        return int(session.execute(select(Counter.value).where(Counter.name == _FORGOTTEN)).scalar_one())


def events_after(store: Store, number: int, *, limit: int = 500) -> list[Happened]:
    """Events numbered above `number`, in order; without a hole from `first_event` on."""
    query = select(Event).where(Event.number > number).order_by(Event.number).limit(limit)
    with store.reading() as session:
        return [_happened(row) for row in session.execute(query).scalars()]


def told(store: Store) -> int:
    """The number up to which the event store of the house knows everything."""
    with store.reading() as session:
        return int(session.execute(select(Counter.value).where(Counter.name == _TOLD)).scalar_one())


def set_told(store: Store, number: int) -> None:
    """From now on the event store knows everything up to `number`."""
    with store.changing() as change:
        row = change.session.get(Counter, _TOLD, with_for_update=True, populate_existing=True)
        row.value = max(row.value, float(number))


def latest_events(store: Store, kind: str, limit: int) -> list[Happened]:
    """The newest events of a kind, newest first."""
    query = select(Event).where(Event.kind == kind).order_by(Event.number.desc()).limit(limit)
    with store.reading() as session:
        return [_happened(row) for row in session.execute(query).scalars()]


def alert(store: Store, conversation_id: str, number: int, **details: Any) -> bool:
    """Raise an alert about a message, once for each of its reasons.

    Raises:
        LookupError: the conversation does not exist.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        query = select(Event.data).where(Event.conversation_id == conversation_id, Event.kind == "alert")
        for data in change.session.execute(query).scalars():
            if (data.get("number"), data.get("reason")) == (number, details.get("reason")):
                return False
        change.event("alert", conversation, conversation.agent_id, number=number, **details)
        return True


def feel(store: Store, conversation_id: str, number: int, emotion: str, score: int, low: int) -> None:
    """Keep a message's emotion (score 1 to 5); one that falls to `low` or below raises an alert.

    Raises:
        LookupError: the conversation does not exist.
    """
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        query = select(Event.data).where(Event.conversation_id == conversation_id, Event.kind == "emotion")
        felt = list(change.session.execute(query.order_by(Event.number)).scalars())
        if any(data["number"] == number for data in felt):
            return
        change.event("emotion", conversation, conversation.agent_id, number=number, emotion=emotion, score=score)
        before = felt[-1]["score"] if felt else None
        if score <= low and before is not None and before > low:
            fall = {"reason": "emotion", "number": number, "score": score, "before": before}
            change.event("alert", conversation, conversation.agent_id, **fall)


def emotions(store: Store, conversation_id: str, limit: int = 50) -> list[Happened]:
    """The emotions of the conversation's latest messages, oldest first."""
    query = select(Event).where(Event.conversation_id == conversation_id, Event.kind == "emotion")
    with store.reading() as session:
        rows = session.execute(query.order_by(Event.number.desc()).limit(limit)).scalars().all()
        return [_happened(row) for row in reversed(rows)]


def forget_events(store: Store, older_than: timedelta) -> None:
    """Delete what was only news long ago and has been told; changes of owner and breaches stay for the desk's lists."""
    old = Event.kind.in_(("message", "passed", "presence", "tags"))
    news = (Event.at < clock.now() - older_than, Event.number <= told(store), old)
    with store.changing() as change:
        newest = change.session.execute(select(func.max(Event.number)).where(*news)).scalar_one()
        if newest is not None:
            change.session.execute(delete(Event).where(*news).execution_options(synchronize_session=False))
            change.session.get(Counter, _FORGOTTEN).value = float(newest)


def _happened(row: Any) -> Happened:
    return Happened(row.number, clock.as_utc(row.at), row.kind, row.conversation_id, row.agent_id, row.data)
