"""The heat map of questions: what was asked, how often, how well it was answered, and what to improve first.

The badness of one question, from 0 (well answered) to 1: see `BADNESS`. What to improve first is ordered by
frequency × mean badness, which is the sum of the badness of its questions.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.clock import local, now
from bot.db import reading
from bot.knowledge.entries import Entry
from bot.knowledge.groups import group_alike
from bot.knowledge.store import load_entries
from bot.knowledge.tables import AskedRow
from bot.knowledge.vectors import SentenceEncoder

TOP = 20
EXAMPLES = 3
BADNESS = {
    "unhelpful": 1.0,  # 没用
    "none": 1.0,  # no answer
    "handoff": 0.8,  # a person had to help
    "near": 0.7,  # offered, nothing chosen
    "repeat": 0.6,  # asked again at once
    "chosen": 0.3,  # found by a detour
    "answered": 0.0,
}
FORMULA = (
    "得分 = 次数 × 平均不满意度。不满意度：没有答案或点了“没用”1，随后转人工 0.8，列出相近问题但没选 0.7，"
    "马上又问 0.6，从相近问题里选到 0.3，直接答上 0"
)


def badness(outcome: str, helpful: bool | None, followed_by: str | None) -> float:
    """How badly one question was answered, 0 to 1; what the customer said weighs more than what we guess."""
    if helpful is not None:
        return BADNESS["answered" if helpful else "unhelpful"]
    if followed_by == "chosen":
        return BADNESS["chosen"]
    return max(BADNESS[outcome], BADNESS[followed_by] if followed_by else 0.0)


@dataclass
class Line:
    """One thing asked: an entry, or a group of questions that none answers (`entry_id` None).

    `score` is the sum of badness; `share_answered` from 0 to 1.
    """

    question: str
    entry_id: str | None
    asked: int = 0
    answered: int = 0
    near: int = 0
    none: int = 0
    helpful: int = 0
    unhelpful: int = 0
    handed_over: int = 0
    repeated: int = 0
    score: float = 0.0
    examples: list[str] = field(default_factory=list)

    @property
    def share_answered(self) -> float:
        """Part of the questions that were answered straight."""
        return self.answered / self.asked if self.asked else 0.0

    def add(self, row: AskedRow, weight: float) -> None:
        """Count one question."""
        self.asked += 1
        setattr(self, row.outcome, getattr(self, row.outcome) + 1)
        self.helpful += row.helpful is True
        self.unhelpful += row.helpful is False
        self.handed_over += row.followed_by == "handoff"
        self.repeated += row.followed_by == "repeat"
        self.score += weight
        if row.text not in self.examples and len(self.examples) < EXAMPLES:
            self.examples.append(str(row.text))


@dataclass
class HeatMap:
    """All of it for a span of days; `heat` maps a tag to the questions of each day ("2026-11-25" → number)."""

    days: int
    asked: int
    answered: int
    near: int
    none: int
    helpful: int
    unhelpful: int
    entries: list[Line]
    unanswered: list[Line]
    improve: list[Line]
    heat: dict[str, dict[str, int]]
    formula: str = FORMULA

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def heat_map(url: str, encoder: SentenceEncoder, days: int = 7) -> HeatMap:
    """The questions of the last `days` days in the store `url`; `encoder` groups those without an answer."""
    with reading(url) as session:
        since = now() - timedelta(days=days)
        rows = list(session.scalars(select(AskedRow).where(AskedRow.at >= since).order_by(AskedRow.seq)))
    entries = {entry.id: entry for entry in load_entries(url)[1]}
    by_entry: dict[str, Line] = {}
    open_rows: dict[str, list[AskedRow]] = defaultdict(list)
    for row in rows:
        if row.entry_id is None:
            open_rows[str(row.text)].append(row)
            continue
        known = entries.get(row.entry_id)
        line = by_entry.setdefault(row.entry_id, Line(known.question if known else str(row.text), row.entry_id))
        line.add(row, badness(row.outcome, row.helpful, row.followed_by))
    unanswered = _unanswered(open_rows, encoder)
    lines = sorted(by_entry.values(), key=lambda line: (-line.asked, line.question))
    worst = sorted([*lines, *unanswered], key=lambda line: (-line.score, -line.asked, line.question))
    return HeatMap(
        days, len(rows), sum(r.outcome == "answered" for r in rows), sum(r.outcome == "near" for r in rows),
        sum(r.outcome == "none" for r in rows), sum(r.helpful is True for r in rows),
        sum(r.helpful is False for r in rows), lines, unanswered, [line for line in worst if line.score > 0][:TOP],
        _heat(rows, entries),
    )  # fmt: skip


def _unanswered(rows: dict[str, list[AskedRow]], encoder: SentenceEncoder) -> list[Line]:
    lines = []
    for group in group_alike(Counter({text: len(some) for text, some in rows.items()}), encoder):
        line = Line(group[0], None)
        for text in group:
            for row in rows[text]:
                line.add(row, badness(row.outcome, row.helpful, row.followed_by))
        lines.append(line)
    return sorted(lines, key=lambda line: (-line.asked, line.question))


def _heat(rows: Iterable[AskedRow], entries: dict[str, Entry]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        entry = entries.get(row.entry_id or "")
        tag = entry.tags[0] if entry and entry.tags else "未归类" if entry else "没有答案"
        found[tag][f"{local(row.at):%Y-%m-%d}"] += 1
    busiest = sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return {tag: dict(sorted(days.items())) for tag, days in busiest}
