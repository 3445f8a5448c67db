"""Appeals: an agent objects to a finding, a supervisor decides, and the rules are measured by the decisions."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot import clock
from bot.db import reading, writing
from bot.quality.inspector import score_of
from bot.quality.problems import AppealError
from bot.quality.reader import Rules
from bot.quality.sums import write_sums
from bot.quality.tables import AppealRow, FindingRow, TalkRow

OPEN, ACCEPTED, REJECTED = "open", "accepted", "rejected"
_LONGEST = 500


@dataclass(frozen=True)
class Appeal:
    """An appeal with the words that it is about."""

    id: int
    talk_id: str
    criterion: str
    agent: str
    reason: str
    made_at: datetime
    status: str
    decided_by: str | None
    decided_at: datetime | None
    answer: str
    quote: str
    conversation_id: str


@dataclass(frozen=True)
class RuleAgreement:
    """Of a criterion's appeals that were decided: how often the rules were right."""

    criterion: str
    decided: int
    upheld: int

    @property
    def rate(self) -> float:
        """The share of decisions that agree with the rules."""
        return self.upheld / self.decided


def appeal(url: str, talk_id: str, criterion: str, agent: str, reason: str) -> int:
    """Object to a finding; the number of the appeal.

    Raises:
        AppealError: no such finding of this agent, no reason, or it was appealed before.
    """
    reason = reason.strip()
    if not 4 <= len(reason) <= _LONGEST:
        raise AppealError(f"请写明理由，4 到 {_LONGEST} 个字")
    with writing(url) as session:
        row = session.get(FindingRow, (talk_id, criterion))
        if row is None or row.agent != agent:
            raise AppealError("没有这条质检记录，或不是您的")
        earlier = select(AppealRow.id).where(AppealRow.talk_id == talk_id, AppealRow.criterion == criterion)
        if session.execute(earlier).first() is not None:
            raise AppealError("这一条已经申诉过了")
        made = AppealRow(
            talk_id=talk_id,
            criterion=criterion,
            agent=agent,
            reason=reason,
            made_at=clock.now(),
            status=OPEN,
            answer="",
        )
        session.add(made)
        session.flush()
        return int(made.id)


def decide(url: str, rules: Rules, number: int, accepted: bool, by: str, answer: str = "") -> None:
    """Accept an appeal (the finding is overturned, score and sums follow) or reject it.

    Raises:
        AppealError: no such appeal, decided before, or one's own.
    """
    with writing(url) as session:
        row = session.get(AppealRow, number, with_for_update=True)
        if row is None:
            raise AppealError("没有这条申诉")
        if row.status != OPEN:
            raise AppealError("这条申诉已经处理过了")
        if row.agent == by:
            raise AppealError("不能处理自己的申诉，请另一位主管来定")
        row.status = ACCEPTED if accepted else REJECTED
        row.decided_by, row.decided_at, row.answer = by, clock.now(), answer.strip()[:_LONGEST]
        if accepted:
            _overturn(session, rules, row.talk_id, row.criterion)


def _overturn(session: Any, rules: Rules, talk_id: str, criterion: str) -> None:
    finding, talk = session.get(FindingRow, (talk_id, criterion)), session.get(TalkRow, talk_id)
    if finding is None or talk is None:  # the rules of today no longer object
        return
    finding.overturned = True
    talk.verdicts = {**talk.verdicts, criterion: "pass"}
    talk.score, talk.lost = score_of(rules, talk.verdicts)
    session.flush()
    write_sums(session, talk.day)


def list_appeals(url: str, status: str = "", agent: str | None = None, limit: int = 200) -> list[Appeal]:
    """Appeals, the open ones first, then the newest."""
    query = (
        select(AppealRow, FindingRow.quote, TalkRow.conversation_id)
        .outerjoin(
            FindingRow, (FindingRow.talk_id == AppealRow.talk_id) & (FindingRow.criterion == AppealRow.criterion)
        )
        .outerjoin(TalkRow, TalkRow.id == AppealRow.talk_id)
        .order_by(AppealRow.status != OPEN, AppealRow.made_at.desc())
        .limit(limit)
    )
    if status:
        query = query.where(AppealRow.status == status)
    if agent is not None:
        query = query.where(AppealRow.agent == agent)
    names = [name for name in Appeal.__dataclass_fields__ if name not in ("quote", "conversation_id")]
    with reading(url) as session:
        return [
            Appeal(
                **{name: getattr(row.AppealRow, name) for name in names},
                quote=row.quote or "",
                conversation_id=row.conversation_id or row.AppealRow.talk_id.rpartition(":")[0],
            )
            for row in session.execute(query)
        ]


def agreement_with_decisions(url: str) -> list[RuleAgreement]:
    """For each criterion with decided appeals, how often the decision was that the rules were right."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    query = select(AppealRow.criterion, AppealRow.status).where(AppealRow.status != OPEN)
    with reading(url) as session:
        for criterion, status in session.execute(query):
            counts[criterion][0] += 1
            counts[criterion][1] += status == REJECTED
    return [RuleAgreement(name, decided, upheld) for name, (decided, upheld) in sorted(counts.items())]
