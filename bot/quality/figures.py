"""What the inspection found, for pages and reports: scores, criteria, agents, the worst conversations, findings."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from bot.db import reading
from bot.quality.tables import AppealRow, DayRow, FindingRow, TalkRow
from bot.quality.talk import SOMEONE

PAGE = 50


@dataclass(frozen=True)
class CriterionFigure:
    """How often a criterion applied and was met."""

    criterion: str
    passed: int
    failed: int

    @property
    def rate(self) -> float | None:
        """The share that met it; None when it never applied."""
        applied = self.passed + self.failed
        return self.passed / applied if applied else None


@dataclass(frozen=True)
class AgentFigure:
    """An agent ("" is the bot): conversations, mean score, problems, and the criterion most often missed."""

    agent: str
    talks: int
    score: float | None
    failed: int
    weakest: str


@dataclass(frozen=True)
class Finding:
    """A criterion that was not met, with its conversation."""

    talk_id: str
    criterion: str
    conversation_id: str
    kind: str
    channel: str
    day: date
    agent: str
    side: str
    points: float
    number: int
    offset: int
    quote: str
    message: str
    said_at: datetime
    suggestion: str
    overturned: bool
    score: float | None
    appeal: str | None


@dataclass(frozen=True)
class Case:
    """A conversation that went badly, with its findings, the costliest first."""

    talk_id: str
    conversation_id: str
    kind: str
    channel: str
    started_at: datetime
    agent: str
    score: float | None
    findings: tuple[Finding, ...]


def sums(url: str, first: date, last: date, *by: str, agent: str | None = None) -> list[dict[str, Any]]:
    """Sums over some days by "day", "agent", "kind", "criterion": passed, failed, score_sum."""
    cut = [getattr(DayRow, name) for name in by]
    total = [func.sum(column) for column in (DayRow.passed, DayRow.failed, DayRow.score_sum)]
    query = select(*cut, *total).where(DayRow.day >= first, DayRow.day <= last).group_by(*cut).order_by(*cut)
    if agent is not None:
        query = query.where(DayRow.agent == agent)
    names = [*by, "passed", "failed", "score_sum"]
    with reading(url) as session:
        return [dict(zip(names, row, strict=True)) for row in session.execute(query)]


def overview(url: str, first: date, last: date, agent: str | None = None) -> tuple[int, float | None]:
    """How many conversations have a score, and the mean."""
    found = [row for row in sums(url, first, last, "criterion", agent=agent) if row["criterion"] == ""]
    count = int(found[0]["passed"]) if found else 0
    return count, round(found[0]["score_sum"] / count, 1) if count else None


def trend(url: str, first: date, last: date, agent: str | None = None) -> list[dict[str, Any]]:
    """For each day: conversations and mean score."""
    rows = [row for row in sums(url, first, last, "day", "criterion", agent=agent) if row["criterion"] == ""]
    return [
        {"day": row["day"], "talks": int(row["passed"]), "score": round(row["score_sum"] / row["passed"], 1)}
        for row in rows
        if row["passed"]
    ]


def criteria(url: str, first: date, last: date, agent: str | None = None) -> list[CriterionFigure]:
    """How often each criterion was met."""
    rows = sums(url, first, last, "criterion", agent=agent)
    return [CriterionFigure(r["criterion"], int(r["passed"]), int(r["failed"])) for r in rows if r["criterion"]]


def agents(url: str, first: date, last: date) -> list[AgentFigure]:
    """Every agent and the bot, the lowest mean score first."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sums(url, first, last, "agent", "criterion"):
        found[row["agent"]].append(row)
    told = []
    for agent, rows in found.items():
        whole = next((row for row in rows if row["criterion"] == ""), None)
        missed = sorted((row for row in rows if row["criterion"] and row["failed"]), key=lambda row: -row["failed"])
        count = int(whole["passed"]) if whole else 0
        score = round(whole["score_sum"] / count, 1) if whole and count else None
        failed = sum(int(row["failed"]) for row in missed)
        told.append(AgentFigure(agent, count, score, failed, missed[0]["criterion"] if missed else ""))
    return sorted(told, key=lambda one: (one.score is None, one.score or 0.0, one.agent))


def findings(
    url: str,
    first: date,
    last: date,
    *,
    criterion: str = "",
    agent: str | None = None,
    talk_id: str = "",
    page: int = 1,
) -> tuple[int, list[Finding]]:
    """How many findings there are, and one page of them, the newest first."""
    where = [FindingRow.day >= first, FindingRow.day <= last]
    if criterion:
        where.append(FindingRow.criterion == criterion)
    if agent is not None:
        where.append(FindingRow.agent == agent)
    if talk_id:
        where.append(FindingRow.talk_id == talk_id)
    query = _findings().where(*where).order_by(FindingRow.said_at.desc(), FindingRow.talk_id, FindingRow.criterion)
    with reading(url) as session:
        count = session.execute(select(func.count()).select_from(FindingRow).where(*where)).scalar_one()
        rows = session.execute(query.offset((page - 1) * PAGE).limit(PAGE)).all()
        return int(count), _told(session, rows)


def finding(url: str, talk_id: str, criterion: str) -> Finding | None:
    """One finding."""
    query = _findings().where(FindingRow.talk_id == talk_id, FindingRow.criterion == criterion)
    with reading(url) as session:
        found = _told(session, session.execute(query).all())
    return found[0] if found else None


def worst(url: str, first: date, last: date, number: int, agent: str | None = None) -> list[Case]:
    """The conversations with the most points lost; of equals the ones with more findings, then the newest."""
    count = select(FindingRow.talk_id, func.count().label("number"), func.sum(FindingRow.points).label("points")).where(
        FindingRow.overturned.is_(False)
    )
    each = count.group_by(FindingRow.talk_id).subquery()
    query = (
        select(TalkRow)
        .join(each, each.c.talk_id == TalkRow.id)
        .where(TalkRow.day >= first, TalkRow.day <= last, TalkRow.score.is_not(None))
        .order_by(each.c.points.desc(), each.c.number.desc(), TalkRow.started_at.desc(), TalkRow.id)
        .limit(number)
    )
    if agent is not None:
        query = query.where(TalkRow.agent == agent)
    with reading(url) as session:
        talks = session.execute(query).scalars().all()
        wanted = _findings().where(FindingRow.talk_id.in_([talk.id for talk in talks]))
        found: dict[str, list[Finding]] = defaultdict(list)
        for one in _told(session, session.execute(wanted.order_by(FindingRow.points.desc())).all()):
            if not one.overturned:
                found[one.talk_id].append(one)
    return [
        Case(t.id, t.conversation_id, t.kind, t.channel, t.started_at, t.agent, t.score, tuple(found[t.id]))
        for t in talks
    ]


def unclear(url: str, first: date, last: date, limit: int = PAGE) -> tuple[int, list[Finding]]:
    """How many calls there are whose speakers are not told apart, and what was found in them, the newest first."""
    mine = [TalkRow.day >= first, TalkRow.day <= last, TalkRow.handled_by == SOMEONE]
    query = _findings().where(*mine, FindingRow.overturned.is_(False)).order_by(FindingRow.said_at.desc())
    with reading(url) as session:
        count = session.execute(select(func.count()).select_from(TalkRow).where(*mine)).scalar_one()
        return int(count), _told(session, session.execute(query.limit(limit)).all())


def scores_of(url: str, talk_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Conversation → its score and how many criteria it missed; None and 0 for one not inspected yet."""
    found: dict[str, dict[str, Any]] = {one: {"score": None, "failed": 0} for one in talk_ids}
    query = select(TalkRow.id, TalkRow.score, TalkRow.verdicts).where(TalkRow.id.in_(talk_ids))
    with reading(url) as session:
        for row in session.execute(query):
            failed = sum(verdict == "fail" for verdict in row.verdicts.values())
            found[row.id] = {"score": row.score, "failed": failed}
    return found


def _findings() -> Any:
    talk = (TalkRow.conversation_id, TalkRow.kind, TalkRow.channel, TalkRow.score)
    return select(FindingRow, *talk).join(TalkRow, TalkRow.id == FindingRow.talk_id)


def _told(session: Any, rows: Sequence[Any]) -> list[Finding]:
    appeals = _appeals(session, {row.FindingRow.talk_id for row in rows})
    own = ("talk_id", "criterion", "day", "agent", "side", "points", "number", "offset", "quote", "message")
    more = ("said_at", "suggestion", "overturned")
    return [
        Finding(
            **{name: getattr(row.FindingRow, name) for name in own + more},
            conversation_id=row.conversation_id,
            kind=row.kind,
            channel=row.channel,
            score=row.score,
            appeal=appeals.get((row.FindingRow.talk_id, row.FindingRow.criterion)),
        )
        for row in rows
    ]


def _appeals(session: Any, talks: set[str]) -> dict[tuple[str, str], str]:
    query = select(AppealRow.talk_id, AppealRow.criterion, AppealRow.status).where(AppealRow.talk_id.in_(talks))
    return {(row.talk_id, row.criterion): row.status for row in session.execute(query.order_by(AppealRow.id))}
