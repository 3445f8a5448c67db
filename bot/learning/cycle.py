"""Where the loop stands, and the step that comes next."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from bot.clock import now
from bot.db import reading
from bot.learning.candidate import models
from bot.learning.drawing import week_before
from bot.learning.labels import count_by_status
from bot.learning.project import Project
from bot.learning.tables import DrawnRow, ModelRow


@dataclass(frozen=True)
class Standing:
    """`step` is draw, train, gate, release, or empty where people are to act or nothing is due; `told` says it."""

    week: str
    counts: dict[str, int]
    live: str
    candidate: str
    step: str
    told: str


def where(project: Project, nothing_to_draw: bool = False) -> Standing:
    """Where the loop stands now; `nothing_to_draw`: last week was looked through and brought nothing new."""
    week, _, _ = week_before()
    counts = count_by_status(project.url)
    live = project.live_model()
    candidates = models(project.url, "candidate")
    step, told = _next(project, week, counts, candidates, nothing_to_draw)
    name = candidates[0].name if candidates else ""
    return Standing(week, dict(counts), live.name if live else "", name, step, told)


def _next(
    project: Project, week: str, counts: dict[str, int], candidates: list[ModelRow], nothing_to_draw: bool
) -> tuple[str, str]:
    if candidates and not candidates[0].figures:
        return "gate", "候选模型训练好了，下一步：和现在的模型比一比"
    if candidates:
        return "release", "候选模型通过了考核，下一步：上线"
    if not nothing_to_draw and not _drawn(project, week):
        return "draw", f"{week} 的消息还没有抽，下一步：抽取值得标注的消息"
    due = _due(project)
    if counts.get("approved", 0) and due <= timedelta(0):
        return "train", f"有 {counts['approved']} 句审核通过的新句子，下一步：训练候选模型"
    if counts.get("waiting", 0):
        return "", f"有 {counts['waiting']} 句等人标注：打开管理后台的“学习闭环”页"
    if counts.get("labelled", 0):
        return "", f"有 {counts['labelled']} 句等另一个人审核：打开管理后台的“学习闭环”页"
    if counts.get("approved", 0):
        return "", f"有 {counts['approved']} 句新句子，{due.days + 1} 天后重训（python -m bot cycle train 可以提前）"
    return "", "没有要做的事，等下周的消息"


def _drawn(project: Project, week: str) -> bool:
    with reading(project.url) as session:
        return bool(session.execute(select(func.count()).where(DrawnRow.week == week)).scalar_one())


def _due(project: Project) -> timedelta:
    """How long until the next training; not positive: now."""
    trained = [row for row in models(project.url) if row.data_hash]
    if not trained:
        return timedelta(0)
    return trained[0].trained_at + timedelta(days=project.settings.operations.learning.retrain_days) - now()
