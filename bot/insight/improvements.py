"""The improvement list: what to do, how urgent, who, until when, and how it stands."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from sqlalchemy import select

from bot import clock
from bot.db import reading, writing
from bot.insight.tables import ImprovementRow

Status = Literal["open", "doing", "done", "dropped"]
STATUSES: dict[str, str] = {"open": "待办", "doing": "进行中", "done": "完成", "dropped": "不做"}


@dataclass(frozen=True)
class Improvement:
    """`priority` 1 (first) to 3; `source` where it came from: peers, quality, faq or a person."""

    id: int
    title: str
    note: str
    priority: int
    owner: str
    due: date | None
    status: Status
    source: str
    changed_at: datetime


def improvements(url: str) -> list[Improvement]:
    """All of them: unfinished first, then by priority and due day."""
    with reading(url) as session:
        rows = [_seen(row) for row in session.execute(select(ImprovementRow)).scalars()]
    return sorted(rows, key=lambda i: (i.status in ("done", "dropped"), i.priority, i.due or date.max, i.id))


def propose(url: str, source: str, found: list[tuple[str, str, int]]) -> int:
    """Enter what is not on the list yet as open (title, note, priority); how many were entered."""
    with writing(url) as session:
        unfinished = select(ImprovementRow.title).where(ImprovementRow.status.in_(("open", "doing")))
        known = set(session.execute(unfinished).scalars())
        new = [(title, note, priority) for title, note, priority in found if title not in known]
        for title, note, priority in new:
            row = ImprovementRow(title=title, note=note, priority=priority, owner="", status="open", source=source)
            row.changed_at = clock.now()
            session.add(row)
    return len(new)


def save(
    url: str,
    *,
    id: int | None = None,
    title: str,
    note: str = "",
    priority: int = 2,
    owner: str = "",
    due: date | None = None,
    status: str = "open",
    source: str = "person",
) -> Improvement:
    """Enter a new one (no `id`, from `source`) or change one.

    Raises:
        ValueError: in Chinese, what is wrong.
        LookupError: there is no such id.
    """
    title = title.strip()
    if not 1 <= len(title) <= 120 or len(note) > 2000 or len(owner) > 60:
        raise ValueError("标题应为 1 到 120 个字，说明最多 2000 字，负责人最多 60 字")
    if priority not in (1, 2, 3):
        raise ValueError("优先级应为 1、2、3")
    if status not in get_args(Status):
        raise ValueError(f"状态应为 {'、'.join(STATUSES)} 之一")
    with writing(url) as session:
        row = session.get(ImprovementRow, id) if id is not None else ImprovementRow(source=source)
        if row is None:
            raise LookupError(f"改进清单里没有编号 {id}")
        row.title, row.note, row.priority, row.owner = title, note, priority, owner.strip()
        row.due, row.status, row.changed_at = due, status, clock.now()
        session.add(row)
        session.flush()
        return _seen(row)


def _seen(row: ImprovementRow) -> Improvement:
    names = ("id", "title", "note", "priority", "owner", "due", "status", "source", "changed_at")
    return Improvement(*(getattr(row, name) for name in names))
