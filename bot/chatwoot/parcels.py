"""From the conversations' log to parcels for Chatwoot, in one transaction with the place up to which it was read.

The log is written in the transaction of what it tells of, so nothing is missed over a crash, and a parcel's key makes
it once. What Chatwoot itself caused goes back to it not again.
"""

import time
from typing import Any

from sqlalchemy import and_, or_, select

from bot.chatwoot import pictures, texts
from bot.chatwoot.tables import Link, Parcel, Reading
from bot.conversations import Happened, Store, events_after, last_event
from bot.conversations.store import Change, holds
from bot.conversations.tables import Conversation, Event, Message

AGENT = "chatwoot"  # who owns a chat that somebody in Chatwoot answers
LEASE_SECONDS = 120.0  # longer than a step with an answer that does not come
_BATCH = 200
_HISTORY = 100  # messages that the note shows
_NOTE_FILES = 5  # of the customer's newest pictures that go with it


def hold(store: Store, worker: str) -> bool:
    """Whether this worker is the one that carries parcels now."""
    with store.changing() as change:
        row = _reading(change)
        if row.worker != worker and holds(row.worker, row.until):
            return False
        row.worker, row.until = worker, time.time() + LEASE_SECONDS
        return True


def let_go(store: Store, worker: str) -> None:
    """Leave it to others."""
    with store.changing() as change:
        row = _reading(change)
        if row.worker == worker:
            row.worker = row.until = None


def make_parcels(store: Store) -> bool:
    """Go through what came since the last time; whether there may be more."""
    with store.changing() as change:
        row = _reading(change)
        if row.number is None:  # the first time: what waits or is answered now, and from here on everything
            row.number = last_event(store)
            people = select(Conversation).where(
                or_(
                    Conversation.owner == "waiting", and_(Conversation.owner == "agent", Conversation.agent_id == AGENT)
                )
            )
            for conversation in change.session.execute(people).scalars():
                _open(change, conversation, row.number)
            return False
        news = events_after(store, int(row.number), limit=_BATCH)
        for event in news:
            if event.conversation_id is not None:
                _take(change, event)
        if news:
            row.number = news[-1].number
        return len(news) == _BATCH


def _reading(change: Change) -> Any:
    return change.session.get(Reading, 1, with_for_update=True, populate_existing=True)


def _take(change: Change, event: Happened) -> None:
    assert event.conversation_id is not None
    if event.kind == "message" and event.data.get("author") == "customer" and event.data.get("passed"):
        _message(change, event.conversation_id, int(event.data["number"]))
    elif event.kind == "owner":
        conversation = change.session.get(Conversation, event.conversation_id)
        if conversation is not None:
            _owner(change, conversation, event)


def _message(change: Change, conversation_id: str, number: int) -> None:
    told = change.session.get(Link, conversation_id)
    query = select(Message).where(Message.conversation_id == conversation_id, Message.number == number)
    row = change.session.execute(query).scalar_one_or_none()
    if told is not None and told.theirs and row is not None:
        _add(change, conversation_id, f"message-{number}", "message", _content(row.content))


def _content(said: dict[str, Any]) -> dict[str, Any]:
    """`text`: what is said without the `files`, which are names in `var/media`; `instead`: where they cannot go."""
    files = pictures.media_in(said)
    if not files:
        return {"text": texts.of(said)}
    return {"text": str(said.get("text") or ""), "files": files, "instead": texts.of(said)}


def _owner(change: Change, conversation: Any, event: Happened) -> None:
    before, after = event.data.get("before"), event.data.get("owner")
    queued = after == "waiting" and before != "waiting"
    if queued or (after == "agent" and event.agent_id == AGENT):
        _open(change, conversation, event.number)
    elif after != "waiting":
        link = change.session.get(Link, conversation.id)
        if link is None or not link.theirs:
            return
        link.theirs = False
        if event.data.get("by") != AGENT:
            status = "resolved" if after in ("closed", "agent") else "pending"
            _add(change, conversation.id, f"note-{event.number}", "note", {"text": texts.left(str(after))})
            _add(change, conversation.id, f"status-{event.number}", "status", {"status": status})


def _open(change: Change, conversation: Any, number: int) -> None:
    """The conversation appears in Chatwoot, with a note of what was said and found out before."""
    link = _link(change, conversation.id)
    if link.theirs:
        return
    link.theirs, link.look_at = True, time.time()
    query = select(Message).where(Message.conversation_id == conversation.id).order_by(Message.number.desc())
    rows = list(change.session.execute(query.limit(_HISTORY)).scalars())
    # The log may be further on than the event: what came after it has events of its own.
    events = select(Event.data).where(
        Event.conversation_id == conversation.id, Event.kind == "message", Event.number > number
    )
    later = {data.get("number") for data in change.session.execute(events).scalars()}
    _add(change, conversation.id, f"status-{number}", "status", {"status": "open"})
    before = [row for row in reversed(rows) if row.number not in later]
    note = texts.note(conversation, before, number)
    shown = [name for row in before if row.author == "customer" for name in pictures.media_in(row.content)]
    files = {"files": shown[-_NOTE_FILES:], "instead": note} if shown else {}
    _add(change, conversation.id, f"note-{number}", "note", {"text": note, **files})


def _link(change: Change, conversation_id: str) -> Any:
    row = change.session.get(Link, conversation_id)
    if row is None:
        row = Link(conversation_id=conversation_id, seen_id=0, heard=[], sent_id=0, failures=0, theirs=False)
        change.session.add(row)
        change.session.flush()
    return row


def _add(change: Change, conversation_id: str, key: str, kind: str, content: dict[str, Any]) -> None:
    mine = select(Parcel.id).where(Parcel.conversation_id == conversation_id, Parcel.key == key)
    if change.session.execute(mine).first() is None:
        change.session.add(Parcel(conversation_id=conversation_id, key=key, kind=kind, content=content, attempts=0))
        change.session.flush()
