"""Keeps contacts and daily sums in step with the events and the orders; each run reads only what is new."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import String, bindparam, column, delete, func, insert, select, text, true, values

from bot import clock
from bot.db import engine_for, reading, writing
from bot.events import Event, add, last_seq
from bot.events.tables import EventRow
from bot.insight.contact import Contact, contacts_of
from bot.insight.days import sum_days
from bot.insight.exposures import exposures_of, save_exposures
from bot.insight.links import link
from bot.insight.people import Person, parts, people_of
from bot.insight.shop_facts import Trade, trade_since
from bot.insight.tables import ContactRow, StateRow
from bot.settings import Settings

_WINDOW = 20_000  # events of one transaction
_DAYS = 30  # whose sums may wait while a backlog is read: each would be made anew with every window
_LOCK = 7_430_155  # PostgreSQL: one projection at a time
Touched = dict[str, datetime]  # customer → time of their earliest contact or order that is new


def refresh(settings: Settings) -> int:
    """Bring the figures up to date; how many events were new.

    It may be called by several processes at once: they take turns, and the second finds nothing left to do.
    """
    url, new = settings.events_url, 0
    read_at = clock.now()
    trade = _trade(settings)
    newest = last_seq(url)
    while True:
        with writing(url) as session:
            if engine_for(url).dialect.name == "postgresql":
                session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            read = int(_state(session, "events") or 0)
            upto = min(read + _WINDOW, newest)
            touched: Touched = {}
            days: set[date] = set()
            if upto > read:
                changed = _changed(session, read, upto)
                new += sum(count for _first, count in changed.values())
                touched, days = _rebuild(session, settings, {c: first for c, (first, _n) in changed.items()}, upto)
                _set_state(session, "events", str(upto))
            if upto >= newest:
                _touch(touched, trade.orders.items())
                # Another transaction may commit an order whose time lies a little behind us.
                _set_state(session, "orders", (read_at - timedelta(minutes=1)).isoformat())
            days |= link(session, settings, touched) | _unsummed(session)
            if upto >= newest or len(days) > _DAYS:
                sum_days(session, days, settings.operations.kpi)
                days = set()
            _set_state(session, "days", f"{min(days)} {max(days)}" if days else "")
        if upto >= newest:
            return new


def _trade(settings: Settings) -> Trade:
    """What happened in the shop since the last run, told to the event store."""
    with reading(settings.events_url) as session:
        seen = _state(session, "orders")
    trade = trade_since(settings, datetime.fromisoformat(seen) if seen else None)
    for start in range(0, len(trade.events), _WINDOW):
        add(settings.events_url, trade.events[start : start + _WINDOW])
    return trade


def _changed(session: Any, read: int, upto: int) -> dict[str, tuple[datetime, int]]:
    """Conversation → (time of its earliest new event, how many)."""
    query = (
        select(EventRow.conversation_id, func.min(EventRow.at), func.count())
        .where(EventRow.seq > read, EventRow.seq <= upto, EventRow.kind != "agent.presence")
        .group_by(EventRow.conversation_id)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def _rebuild(session: Any, settings: Settings, changed: dict[str, datetime], upto: int) -> tuple[Touched, set[date]]:
    """Make the contacts anew from the one that the earliest new event belongs to; customers and days touched."""
    touched: Touched = {}
    days: set[date] = set()
    # Those that changed at about the same time together, so that little is read that lies before it.
    for part in parts(sorted(changed, key=lambda name: (changed[name], name))):
        known = _known(session, part)
        begin = {name: _beginning(known[name], changed[name]) for name in part}
        events = _events(session, begin, upto)
        people = people_of(settings, {name: _channel(told) for name, told in events.items()})
        rows: list[dict[str, Any]] = []
        shown: list[dict[str, Any]] = []
        for name, each in events.items():
            contacts = contacts_of(each)
            rows += [_row(contact, people[name]) for contact in contacts]
            shown += exposures_of(each, contacts, people[name].customer)
        old = {_key(row): row for name in part for row in known[name] if row["started_at"] >= begin[name]}
        # The last contact of who comes back stays as it was more often than not.
        made = [row for row in rows if not _same(row, old.get(_key(row)))]
        kept = {_key(row) for row in rows} - {_key(row) for row in made}
        gone = [row for key, row in old.items() if key not in kept]
        _delete(session, gone)
        if made:
            session.execute(insert(ContactRow.__table__), made)
        save_exposures(session, shown)
        # Of what is gone, too: who was a guest and is known now leaves contacts behind that came back by this one.
        _touch(touched, ((row["customer"], row["started_at"]) for row in (*gone, *made)))
        days |= {row["day"] for row in (*gone, *made)}
    return touched, days


def _key(row: Mapping[str, Any]) -> tuple[str, datetime]:
    return row["conversation_id"], row["started_at"]


def _same(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> bool:
    return old is not None and all(old[name] == value for name, value in new.items() if name != "repeated")


def _delete(session: Any, old: list[Mapping[str, Any]]) -> None:
    if old:
        table = ContactRow.__table__
        of = (table.c.conversation_id == bindparam("conversation"), table.c.started_at == bindparam("since"))
        rows = [{"conversation": row["conversation_id"], "since": row["started_at"]} for row in old]
        session.connection().execute(delete(table).where(*of), rows)


def _touch(touched: Touched, more: Iterable[tuple[str, datetime]]) -> None:
    for customer, at in more:
        touched[customer] = min(at, touched.get(customer, at))


def _channel(events: Iterable[Event]) -> str:
    return next((event.channel for event in events if event.channel), "")


def _known(session: Any, names: list[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Conversation → the rows of its contacts."""
    table = ContactRow.__table__
    query = select(table).where(table.c.conversation_id.in_(names))
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in session.execute(query).mappings():
        found[row["conversation_id"]].append(row)
    return found


def _beginning(contacts: list[Mapping[str, Any]], earliest: datetime) -> datetime:
    """Of the contact that the earliest new event may belong to; outside of contacts nothing before it counts."""
    return max((row["started_at"] for row in contacts if row["started_at"] <= earliest), default=earliest)


def _events(session: Any, begin: Mapping[str, datetime], upto: int) -> dict[str, list[Event]]:
    """Conversation → its events from `begin` on, oldest first; those after `upto` have a turn of their own."""
    columns = ("kind", "conversation_id", "at", "id", "channel", "actor", "data")  # as Event takes them
    events = EventRow.__table__.c
    query = select(*(events[name] for name in columns)).where(events.seq <= upto)
    if session.get_bind().dialect.name == "postgresql":
        # Taking conversations for longer than they are, it would read the whole table: OFFSET 0 keeps the subquery as
        # it is, one look into the index for each conversation.
        asked = values(column("conversation", String), column("since", events.at.type), name="asked").data(
            [*begin.items()]
        )
        own = query.add_columns(events.seq).where(
            events.conversation_id == asked.c.conversation, events.at >= asked.c.since
        )
        part = own.offset(0).lateral("own")
        query = select(*(part.c[name] for name in columns)).select_from(asked.join(part, true()))
        query = query.order_by(part.c.at, part.c.seq)
    else:
        query = query.where(events.conversation_id.in_(begin), events.at >= min(begin.values()))
        query = query.order_by(events.at, events.seq)
    found: dict[str, list[Event]] = defaultdict(list)
    for row in session.execute(query):
        if row.at >= begin[row.conversation_id]:
            found[row.conversation_id].append(Event(*row))
    return found


def _row(contact: Contact, person: Person) -> dict[str, Any]:
    same = (
        "conversation_id", "started_at", "ended_at", "channel", "base", "intent", "handled_by", "agent",
        "first_response_ms", "rounds", "rounds_ms", "unclear", "lowest_score", "handed_off", "handoff_reason",
        "wait_ms", "sla_breaches", "stars", "solved_vote", "tasks", "tasks_done",
    )  # fmt: skip
    return {
        **{name: getattr(contact, name) for name in same},
        "day": clock.local(contact.started_at).date(),
        "customer": person.customer,
        "segment": person.segment,
        "customer_messages": contact.messages["customer"],
        "bot_messages": contact.messages["bot"],
        "agent_messages": contact.messages["agent"],
        "repeated": False,
    }


def _unsummed(session: Any) -> set[date]:
    """The days that earlier windows left for later, and what lies between them."""
    ends = [date.fromisoformat(day) for day in (_state(session, "days") or "").split()]
    return {ends[0] + timedelta(days=number) for number in range((ends[1] - ends[0]).days + 1)} if ends else set()


def _state(session: Any, name: str) -> str | None:
    row = session.get(StateRow, name)
    return row.value if row else None


def _set_state(session: Any, name: str, value: str) -> None:
    session.merge(StateRow(name=name, value=value))
