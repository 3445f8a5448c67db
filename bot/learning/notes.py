"""The month's release notes, in Markdown."""

from collections import Counter
from datetime import date, datetime

from sqlalchemy import select

from bot.clock import local
from bot.db import reading
from bot.learning.tables import DrawnRow, ModelRow
from bot.nlu.taxonomy import load_taxonomy

_STATUS = {"live": "在用", "retired": "用过", "refused": "没有通过", "candidate": "等待考核"}


def release_notes(url: str, month: date) -> str:
    """What came of the loop in the month of `month`."""
    with reading(url) as session:
        rows = session.execute(select(ModelRow).order_by(ModelRow.trained_at)).scalars().all()
        drawn = session.execute(select(DrawnRow).where(DrawnRow.status == "taken")).scalars().all()
    chosen = [row for row in rows if _of(row.trained_at, month)]
    titles = load_taxonomy().titles
    lines = [f"# {month:%Y 年 %m 月}的模型", ""]
    if not chosen:
        lines.append("这个月没有新模型。")
    for row in chosen:
        lines += _model(row)
    added = Counter(row.intent for row in drawn if _of(row.changed_at, month))
    if added:
        told = "，".join(f"{titles[intent]} {count}" for intent, count in added.most_common())
        lines += ["## 新学的句子", "", f"共 {sum(added.values())} 句：{told}。", ""]
    return "\n".join(lines).rstrip() + "\n"


def _model(row: ModelRow) -> list[str]:
    lines = [
        f"## {row.name}（{_STATUS[row.status]}）",
        "",
        f"{local(row.trained_at):%m月%d日}训练，语料 {row.lines} 行。",
        "",
    ]
    if not row.figures:
        return lines
    lines += ["| | 原来 | 新的 |", "|---|---|---|"]
    for kind, title in (("fixed", "固定测试集"), ("replay", "最近的真实消息")):
        both = row.figures[kind]
        for figure, what in (("business_accuracy", "业务意图"), ("base_accuracy", "基础意图")):
            old, new = both["live"][figure], both["candidate"][figure]
            lines.append(f"| {title}（{both['live']['n']} 条）{what}准确率 | {old:.1%} | {new:.1%} |")
    figures = row.figures
    replay = f"重放 {figures['replayed']} 条消息，{figures['changed']} 条认得不一样了；"
    sure = f"{figures['surer']} 条从没把握变成有把握，{figures['less_sure']} 条反过来。"
    lines += ["", replay + sure, ""]
    lines += [f"- 没有上线：{reason}" for reason in figures["refusals"]]
    return [*lines, ""] if figures["refusals"] else lines


def _of(moment: datetime, month: date) -> bool:
    day = local(moment).date()
    return (day.year, day.month) == (month.year, month.month)
