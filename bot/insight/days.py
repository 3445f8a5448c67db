"""The daily sums: made anew from the contacts of a day, in SQL; all figures of the pages add them up."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import and_, case, delete, distinct, func, insert, literal, select

from bot.insight.tables import ContactRow, DayRow, TotalRow
from bot.service_settings import Kpi

CUT = ("day", "channel", "base", "intent", "segment", "handled_by", "agent")
ALL = "all"
SUMS = [c.name for c in DayRow.__table__.columns if not c.primary_key]


def sum_days(session: Any, days: Collection[date], kpi: Kpi) -> None:
    """Replace the sums of `days`."""
    if not days:
        return
    for table in (DayRow, TotalRow):
        session.execute(delete(table).where(table.day.in_(days)).execution_options(synchronize_session=False))
    cut = [getattr(ContactRow, name) for name in CUT]
    sums = _sums(kpi)
    query = select(*cut, *sums.values()).where(ContactRow.day.in_(days)).group_by(*cut)
    session.execute(insert(DayRow).from_select([*CUT, *sums], query))
    for name in (ALL, *CUT[1:]):
        value = literal("") if name == ALL else getattr(DayRow, name)
        totals = [func.sum(getattr(DayRow, each)) for each in SUMS]
        agents = func.count(distinct(case((DayRow.agent != "", DayRow.agent))))
        rows = select(literal(name), DayRow.day, value, *totals, agents).where(DayRow.day.in_(days))
        rows = rows.group_by(DayRow.day, *([] if name == ALL else [value]))
        session.execute(insert(TotalRow).from_select(["cut", "day", "value", *SUMS, "agent_days"], rows))


def _sums(kpi: Kpi) -> dict[str, Any]:
    row = ContactRow
    asked = row.intent != ""
    solved = and_(asked, ~row.handed_off, ~row.repeated, func.coalesce(row.solved_vote, True))
    consulted = row.base == "presale"
    on_time = and_(row.first_response_ms.is_not(None), row.first_response_ms <= kpi.first_response_seconds * 1000)
    return {
        "contacts": func.count(),
        "responded": func.count(row.first_response_ms),
        "response_ms": _total(row.first_response_ms),
        "response_on_time": _number(on_time),
        "rounds": _total(row.rounds),
        "rounds_ms": _total(row.rounds_ms),
        "matters": _number(asked),
        "solved": _number(solved),
        "handed_off": _number(row.handed_off),
        "contained": _number(and_(row.handled_by == "bot", ~row.handed_off)),
        "tasks": _total(row.tasks),
        "tasks_done": _total(row.tasks_done),
        "waited": func.count(row.wait_ms),
        "wait_ms": _total(row.wait_ms),
        "sla_breaches": _total(row.sla_breaches),
        "rated": func.count(row.stars),
        "stars": _total(row.stars),
        "consultations": _number(consulted),
        "orders": _number(and_(consulted, row.order_no.is_not(None))),
        "order_fen": _total(case((consulted, row.order_fen), else_=0)),
        "unclear": _total(row.unclear),
        "agent_contacts": _number(row.agent != ""),
        "messages": _total(row.customer_messages + row.bot_messages + row.agent_messages),
    }


def _total(column: Any) -> Any:
    return func.coalesce(func.sum(column), 0)


def _number(condition: Any) -> Any:
    return _total(case((condition, 1), else_=0))
