"""The day in a few lines for the manager: figures, missed targets, what to look at."""

from datetime import date, timedelta

from bot.insight.alerts import missed
from bot.insight.kpis import measure, show, sums
from bot.insight.projection import refresh
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import Settings


def digest(settings: Settings, day: date) -> str:
    """The digest of `day` as Markdown."""
    refresh(settings)
    (row,) = sums(settings.events_url, day, day)
    if not row["contacts"]:
        return f"# {settings.operations.web.shop_name} {day:%m月%d日}日报\n\n这一天没有顾客来访。"
    week = sums(settings.events_url, day - timedelta(days=7), day - timedelta(days=1))[0]
    measured = measure(row, settings.operations.kpi)
    before = {m.figure.key: m for m in measure(week, settings.operations.kpi)}
    lines = [f"# {settings.operations.web.shop_name} {day:%m月%d日}日报", "", f"来访 {row['contacts']} 次。", ""]
    lines += ["| 指标 | 当天 | 前 7 天 | 目标 |", "|---|---|---|---|"]
    for m in measured:
        target = show(m.target, m.figure) if m.target is not None else ""
        mark = {True: "✓ ", False: "✗ ", None: ""}[m.met]
        now, week_before = show(m.value, m.figure), show(before[m.figure.key].value, m.figure)
        lines.append(f"| {m.figure.title} | {mark}{now} | {week_before} | {target} |")
    behind = missed(measured, settings.operations.kpi)
    if behind:
        told = [f"{m.figure.title} {show(m.value, m.figure)}（目标 {show(m.target, m.figure)}）" for m in behind]
        lines += ["", "**没达到目标：**" + "；".join(told)]
    lines += ["", *_hand_offs(settings, day)]
    return "\n".join(lines).rstrip()


def _hand_offs(settings: Settings, day: date) -> list[str]:
    titles = load_taxonomy().titles
    rows = sums(settings.events_url, day, day, by=["intent"])
    worst = sorted((r for r in rows if r["handed_off"] and r["intent"]), key=lambda r: -r["handed_off"])[:3]
    if not worst:
        return []
    return [
        "转人工最多的问题：" + "，".join(f"{titles.get(r['intent'], r['intent'])} {r['handed_off']} 次" for r in worst)
    ]
