"""A day inspected and stored: done again it changes nothing, under new rules it judges anew."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, text

from bot import clock
from bot.db import engine_for, reading, writing
from bot.events import mask_text
from bot.quality.chat_log import chats_of
from bot.quality.inspector import Inspected, Inspector, points_of, score_of, suggestion_of
from bot.quality.outside import outside_of
from bot.quality.sums import sum_day
from bot.quality.tables import AppealRow, FindingRow, TalkRow
from bot.quality.talk import Talk
from bot.settings import Settings

_LONGEST = 500  # characters of a message that is kept beside its quote
_LOCK = 7_430_156  # PostgreSQL: several processes that inspect the same take turns
Progress = Callable[[int], object]


def inspect_day(settings: Settings, inspector: Inspector, day: date, progress: Progress = lambda count: None) -> int:
    """Inspect what began on a day of the shop and is over; how many conversations were judged (again).

    Those that the same rules have judged to their end are passed over.
    """
    url, judged = settings.events_url, 0
    for talks in _talks(settings, inspector, day):
        due = _due(url, inspector.rules.hash, talks)
        if due:
            _store(url, inspector, day, inspector.inspect(due))
            judged += len(due)
            progress(judged)
    if judged:
        sum_day(url, day)
    return judged


def _talks(settings: Settings, inspector: Inspector, day: date) -> Iterator[list[Talk]]:
    silence = timedelta(minutes=inspector.rules.numbers.silence_minutes)
    yield from chats_of(settings, day, silence)
    yield from outside_of(settings, day)


def _due(url: str, rules: str, talks: Sequence[Talk]) -> list[Talk]:
    query = select(TalkRow.id, TalkRow.rules, TalkRow.ended_at, TalkRow.messages, TalkRow.open_until)
    with reading(url) as session:
        known: dict[str, Any] = {
            row.id: row for row in session.execute(query.where(TalkRow.id.in_([talk.id for talk in talks])))
        }
    now = clock.now()
    due = []
    for talk in talks:
        row: Any = known.get(talk.id)
        same = row is not None and (row.rules, row.messages) == (rules, len(talk.lines))
        if not same or _is_past(row.open_until, now):
            due.append(talk)
    return due


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _store(url: str, inspector: Inspector, day: date, inspected: Sequence[Inspected]) -> None:
    ids = [one.talk.id for one in inspected]
    with writing(url) as session:
        if engine_for(url).dialect.name == "postgresql":
            session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        accepted = _accepted(session, ids)
        for table, column in ((FindingRow, FindingRow.talk_id), (TalkRow, TalkRow.id)):
            session.execute(delete(table).where(column.in_(ids)).execution_options(synchronize_session=False))
        talks: list[dict[str, Any]] = []
        findings: list[dict[str, Any]] = []
        for one in inspected:
            overturned = accepted[one.talk.id]
            verdicts = {**one.verdicts, **{name: "pass" for name in overturned if one.verdicts.get(name) == "fail"}}
            talks.append(_talk_row(inspector, day, one, verdicts))
            findings += _finding_rows(inspector, day, one, overturned)
        session.execute(insert(TalkRow), talks)
        if findings:
            session.execute(insert(FindingRow), findings)


def _accepted(session: Any, ids: Sequence[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    query = select(AppealRow.talk_id, AppealRow.criterion)
    for talk_id, criterion in session.execute(query.where(AppealRow.talk_id.in_(ids), AppealRow.status == "accepted")):
        found[talk_id].add(criterion)
    return found


def _talk_row(inspector: Inspector, day: date, one: Inspected, verdicts: dict[str, Any]) -> dict[str, Any]:
    talk = one.talk
    # What nobody can be held to gets no score; its findings are for people to look at.
    score, lost = score_of(inspector.rules, verdicts) if talk.told_apart else (None, 0.0)
    return {
        "id": talk.id,
        "conversation_id": talk.conversation_id,
        "kind": talk.kind,
        "channel": talk.channel,
        "day": day,
        "started_at": talk.started_at,
        "ended_at": talk.ended_at,
        "agent": talk.agent,
        "handled_by": talk.handled_by,
        "messages": len(talk.lines),
        "rules": inspector.rules.hash,
        "score": score,
        "lost": lost,
        "verdicts": verdicts,
        "open_until": one.open_until if one.open_until and one.open_until > clock.now() else None,
    }


def _finding_rows(inspector: Inspector, day: date, one: Inspected, overturned: set[str]) -> Iterator[dict[str, Any]]:
    for name, found in one.found.items():
        if found.verdict != "fail":
            continue
        line = found.line or one.talk.lines[0]
        start, end = (found.match.start, found.match.end) if found.match else (0, len(line.text))
        yield {
            "talk_id": one.talk.id,
            "criterion": name,
            "day": day,
            "agent": ""
            if not one.talk.told_apart
            else line.agent or str(found.told.get("agent") or "") or one.talk.agent,
            "side": line.side,
            "points": points_of(inspector.rules, one.verdicts, name) if one.talk.told_apart else 0.0,
            "number": line.number,
            "offset": len(mask_text(line.text[:start])),
            "quote": mask_text(line.text[start:end])[:_LONGEST],
            "message": mask_text(line.text)[:_LONGEST],
            "said_at": line.at,
            "suggestion": suggestion_of(inspector.rules.criteria[name], found),
            "overturned": name in overturned,
        }
