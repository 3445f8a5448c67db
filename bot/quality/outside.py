"""Conversations from outside (calls, chats of other systems): kept with everything personal masked, read as talks."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from bot import clock
from bot.db import reading, writing
from bot.events import mask_text
from bot.quality.tables import OutsideRow
from bot.quality.talk import Fact, Line, Talk
from bot.settings import Settings

_BATCH = 400
_FACTS_WITHIN = timedelta(days=3)


def keep(url: str, talks: Iterable[Talk], source: str, customer: str = "") -> int:
    """Keep conversations, those with a known id anew; how many. `source` says where they come from."""
    count = 0
    with writing(url) as session:
        for talk in talks:
            session.merge(_row(talk, source, customer))
            count += 1
    return count


def outside_of(settings: Settings, day: date) -> Iterator[list[Talk]]:
    """The conversations from outside that began on a day of the shop, in batches.

    Calls of one channel that were kept when their lines still counted as the customer's are left out.
    """
    start = clock.as_utc(datetime.combine(day, time(), clock.shop_zone()))
    end = clock.as_utc(datetime.combine(day + timedelta(days=1), time(), clock.shop_zone()))
    query = select(OutsideRow).where(OutsideRow.started_at >= start, OutsideRow.started_at < end)
    with reading(settings.events_url) as session:
        rows = session.execute(query.order_by(OutsideRow.started_at, OutsideRow.id)).scalars().all()
    for place in range(0, len(rows), _BATCH):
        talks = [talk_of(row) for row in rows[place : place + _BATCH]]
        yield [talk for talk in talks if talk.kind != "call" or talk.agent or not talk.told_apart]


def find(url: str, conversation_id: str) -> tuple[OutsideRow, Talk] | None:
    """A conversation from outside by its id."""
    with reading(url) as session:
        row = session.get(OutsideRow, conversation_id)
    return None if row is None else (row, talk_of(row))


def list_calls(url: str, first: date, last: date, agent: str = "", limit: int = 200) -> list[OutsideRow]:
    """The calls of some days, newest first."""
    start = clock.as_utc(datetime.combine(first, time(), clock.shop_zone()))
    end = clock.as_utc(datetime.combine(last + timedelta(days=1), time(), clock.shop_zone()))
    query = select(OutsideRow).where(
        OutsideRow.kind == "call", OutsideRow.started_at >= start, OutsideRow.started_at < end
    )
    if agent:
        query = query.where(OutsideRow.agent == agent)
    with reading(url) as session:
        return list(session.execute(query.order_by(OutsideRow.started_at.desc()).limit(limit)).scalars())


def talk_of(row: OutsideRow) -> Talk:
    """The conversation of a row."""
    lines = [
        Line(
            number,
            one["side"],
            datetime.fromisoformat(one["at"]),
            one["text"],
            one.get("agent") or (row.agent if one["side"] == "agent" else ""),
            one.get("intent"),
            one.get("score"),
            datetime.fromisoformat(one["end"]) if one.get("end") else None,
        )
        for number, one in enumerate(row.lines, 1)
    ]
    facts = [Fact(datetime.fromisoformat(one["at"]), one["kind"]) for one in row.facts]
    until = min(clock.now(), lines[-1].finished + _FACTS_WITHIN)
    return Talk(f"{row.id}:1", row.id, row.channel, lines, row.kind, facts, True, until)


def _row(talk: Talk, source: str, customer: str) -> OutsideRow:
    lines = [
        {
            "side": line.side,
            "at": line.at.isoformat(),
            "end": line.end.isoformat() if line.end else None,
            "text": mask_text(line.text),
            "agent": line.agent,
            "intent": line.intent,
            "score": line.score,
        }
        for line in talk.lines
    ]
    return OutsideRow(
        id=talk.conversation_id,
        kind=talk.kind,
        channel=talk.channel,
        agent=talk.agent,
        customer=mask_text(customer),
        source=source,
        started_at=talk.started_at,
        seconds=round((talk.ended_at - talk.started_at).total_seconds(), 1),
        lines=lines,
        facts=[{"at": fact.at.isoformat(), "kind": fact.kind} for fact in talk.facts],
    )
