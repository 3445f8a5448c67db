"""The figures, each with its definition beside it; all are daily sums divided by one another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import String, case, cast, distinct, func, select

from bot.db import reading
from bot.insight.days import ALL, SUMS
from bot.insight.tables import DayRow, TotalRow
from bot.service_settings import Kpi

Cut = Literal["day", "channel", "base", "intent", "segment", "handled_by", "agent"]


@dataclass(frozen=True)
class Figure:
    """A figure: `above` over `below` times `scale`; `better` says which way is good, `target` names its setting."""

    key: str
    title: str
    definition: str
    above: str
    below: str
    unit: Literal["秒", "%", "分", "元", "次", "句"]
    better: Literal["low", "high", ""] = ""
    target: str = ""
    scale: float = 1.0


FIGURES: tuple[Figure, ...] = (
    Figure(
        "first_response", "首次响应", "一次来访里，顾客第一句话到第一次回复（机器人或客服）的秒数，取平均",
        "response_ms", "responded", "秒", "low", "first_response_seconds", 0.001,
    ),
    Figure(
        "round_response", "平均响应", 
        "每一轮里，顾客开始等到得到回复的秒数，只计 08:00–24:00 开始的轮次，取平均（同淘宝口径）",
        "rounds_ms", "rounds", "秒", "low", "first_response_seconds", 0.001,
    ),
    Figure(
        "on_time", "及时率", "首次响应不超过目标秒数的来访占有回复的来访的比例",
        "response_on_time", "responded", "%", "high", "", 100,
    ),
    Figure(
        "solved", "一次解决率",
        "有诉求的来访里，没有转人工、72 小时内没有为同一件事再来、也没有评为“未解决”的比例；未满 72 小时的先算已解决",
        "solved", "matters", "%", "high", "solved_percent", 100,
    ),
    Figure(
        "conversion", "咨询转化率",
        "售前来访里，顾客在归因时限内下了单（没有取消、没有整单退款）的比例；一单归给下单前最后一次来访",
        "orders", "consultations", "%", "high", "conversion_percent", 100,
    ),
    Figure("csat", "满意度", "评价星级（1–5）的平均，只计有评价的来访", "stars", "rated", "分", "high", "csat"),
    Figure(
        "contained", "机器人独立接待率", "由机器人回复、没有转过人工的来访占全部来访的比例",
        "contained", "contacts", "%", "high", "", 100,
    ),
    Figure("handed_off", "转人工率", "转过人工的来访占全部来访的比例", "handed_off", "contacts", "%", "low", "", 100),
    Figure(
        "handoff_wait", "转人工等待",
        "从请求人工到客服接起的秒数，取平均；接起后没说话就转走、退回的，算到下一位接起",
        "wait_ms", "waited", "秒", "low", "", 0.001
    ),
    Figure("order_value", "客单价", "归因到来访的订单金额（含运费）的平均", "order_fen", "orders", "元", "", "", 0.01),
    Figure("rated", "参评率", "有评价的来访占全部来访的比例", "rated", "contacts", "%", "high", "", 100),
    Figure(
        "tasks", "办成率", "顾客走完的流程（下单、退货、改地址……）里办成的比例；顾客中途不要了、没办成的算没有办成",
        "tasks_done", "tasks", "%", "high", "", 100,
    ),
    Figure(
        "agent_load", "客服日均接待", "有客服接待的来访数，除以各天接待过顾客的客服人数之和",
        "agent_contacts", "agent_days", "次",
    ),
    Figure(
        "unclear", "没听懂", "平均每次来访有几句话没听懂", "unclear", "contacts", "句", "low"
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """A figure's value in one cut, None where nothing divides; `met` against the target, if it has one."""

    figure: Figure
    value: float | None
    count: int
    target: float | None
    met: bool | None


def sums(
    url: str, first: date, last: date, *, by: Sequence[Cut] = (), where: Mapping[Cut, str] | None = None
) -> list[dict[str, Any]]:
    """The sums of the days `first` to `last`, one row for each value of `by`."""
    named = {*by, *(where or {})} - {"day"}
    if len(named) > 1:
        table: Any = DayRow
        column: dict[str, Any] = {name: getattr(DayRow, name) for name in (*named, "day")}
        agent = case((DayRow.agent != "", cast(DayRow.day, String) + DayRow.agent))
        agent_days = func.count(distinct(agent))
        query = select()
    else:
        cut = next(iter(named), ALL)
        table, column = TotalRow, {cut: TotalRow.value, "day": TotalRow.day}
        agent_days = func.coalesce(func.sum(TotalRow.agent_days), 0)
        query = select().where(TotalRow.cut == cut)
    totals = [func.coalesce(func.sum(getattr(table, name)), 0).label(name) for name in SUMS]
    columns = [column[name].label(name) for name in by]
    query = query.add_columns(*columns, *totals, agent_days.label("agent_days"))
    query = query.where(table.day >= first, table.day <= last)
    for name, value in (where or {}).items():
        query = query.where(column[name] == value)
    if columns:
        query = query.group_by(*columns).order_by(*columns)
    with reading(url) as session:
        return [{k: v if k in by else int(v) for k, v in row._mapping.items()} for row in session.execute(query)]


def measure(row: Mapping[str, Any], kpi: Kpi) -> list[Measured]:
    """The figures of one row of `sums`."""
    measured = []
    for figure in FIGURES:
        below = int(row[figure.below])
        value = round(figure.scale * row[figure.above] / below, 4) if below else None
        target = float(getattr(kpi, figure.target)) if figure.target else None
        met = None
        if target is not None and value is not None:
            met = value <= target if figure.better == "low" else value >= target
        measured.append(Measured(figure, value, below, target, met))
    return measured


def show(value: float | None, figure: Figure) -> str:
    """A figure's value as people read it; — where there is none."""
    if value is None:
        return "—"
    if figure.unit == "元":
        return f"¥{value:,.2f}"
    digits = 1 if figure.unit in ("秒", "%") else 2
    return f"{value:.{digits}f}{'' if figure.unit == '%' else ' '}{figure.unit}"
