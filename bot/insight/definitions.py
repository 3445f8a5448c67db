"""The definitions of the figures as a table for docs/insight.md, so that they are written in one place."""

from bot.insight.kpis import FIGURES, show
from bot.service_settings import Kpi
from bot.settings import ROOT, SettingsError

PAGE = ROOT / "docs" / "insight.md"
BEGIN, END = "<!-- 口径：python -m bot kpis --table 生成 -->", "<!-- 口径完 -->"


def table(kpi: Kpi) -> str:
    """Title, definition, target of each figure."""
    lines = ["| 指标 | 口径 | 目标 |", "|---|---|---|"]
    for figure in FIGURES:
        sign = "≤" if figure.better == "low" else "≥"
        target = f"{sign} {show(float(getattr(kpi, figure.target)), figure)}" if figure.target else ""
        lines.append(f"| {figure.title} | {figure.definition} | {target} |")
    return "\n".join(lines)


def with_table(page: str, kpi: Kpi) -> str:
    """The page with today's table in its place.

    Raises:
        SettingsError: the page has no place for it.
    """
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise SettingsError(f"{PAGE.name} 里没有 {BEGIN} 和 {END}，请从版本库恢复它")
    return f"{before}{BEGIN}\n\n{table(kpi)}\n\n{END}{after}"
