"""From a figure down to the conversations behind it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import and_, func, select

from bot.db import reading
from bot.events import of_conversation
from bot.insight.kpis import Cut
from bot.insight.period import Period
from bot.insight.tables import ContactRow

PAGE = 50
# What a figure counts for or against the shop: the contacts to look at.
Look = Literal["all", "slow", "unsolved", "handed_off", "low_rated", "unclear", "ordered", "breached"]
LOOKS: tuple[str, ...] = get_args(Look)


@dataclass(frozen=True)
class Line:
    """A contact in a list."""

    conversation_id: str
    started_at: datetime
    channel: str
    base: str
    intent: str
    handled_by: str
    agent: str
    first_response_ms: int | None
    messages: int
    handed_off: bool
    repeated: bool
    solved_vote: bool | None
    stars: int | None
    order_no: str | None
    order_fen: int | None


def list_contacts(
    url: str,
    period: Period,
    look: str = "all",
    where: dict[Cut, str] | None = None,
    page: int = 1,
    slow_ms: int = 15_000,
) -> tuple[int, list[Line]]:
    """How many contacts there are, and one page of them, newest first.

    Raises:
        ValueError: there is no such look.
    """
    conditions = [ContactRow.day >= period.first, ContactRow.day <= period.last, *_looked_at(look, slow_ms)]
    conditions += [getattr(ContactRow, name) == value for name, value in (where or {}).items()]
    with reading(url) as session:
        count = session.execute(select(func.count()).select_from(ContactRow).where(*conditions)).scalar_one()
        query = select(ContactRow).where(*conditions).order_by(ContactRow.day.desc(), ContactRow.started_at.desc())
        rows = session.execute(query.offset((page - 1) * PAGE).limit(PAGE)).scalars().all()
    return count, [_line(row) for row in rows]


def _looked_at(look: str, slow_ms: int) -> list[Any]:
    row = ContactRow
    conditions: dict[str, list[Any]] = {
        "all": [],
        "slow": [row.first_response_ms > slow_ms],
        "unsolved": [row.intent != "", ~and_(~row.handed_off, ~row.repeated, func.coalesce(row.solved_vote, True))],
        "handed_off": [row.handed_off],
        "low_rated": [row.stars <= 2],
        "unclear": [row.unclear > 0],
        "ordered": [row.order_no.is_not(None)],
        "breached": [row.sla_breaches > 0],
    }
    if look not in conditions:
        raise ValueError(f"没有“{look}”这种看法，可选：{'、'.join(LOOKS)}")
    return conditions[look]


def _line(row: ContactRow) -> Line:
    names = [name for name in Line.__dataclass_fields__ if name != "messages"]
    messages = row.customer_messages + row.bot_messages + row.agent_messages
    return Line(messages=messages, **{name: getattr(row, name) for name in names})


def handoff_reasons(url: str, period: Period, where: dict[Cut, str]) -> list[dict[str, Any]]:
    """Why conversations went to a person: {"reason", "contacts", "wait_ms" (mean, None without waits)}, most first."""
    conditions = [ContactRow.day >= period.first, ContactRow.day <= period.last, ContactRow.handed_off]
    conditions += [getattr(ContactRow, name) == value for name, value in where.items()]
    query = select(ContactRow.handoff_reason, func.count(), func.avg(ContactRow.wait_ms)).where(*conditions)
    with reading(url) as session:
        rows = session.execute(query.group_by(ContactRow.handoff_reason)).all()
    found = [{"reason": r, "contacts": n, "wait_ms": None if w is None else round(w)} for r, n, w in rows]
    return sorted(found, key=lambda line: -line["contacts"])


def conversation(url: str, conversation_id: str) -> list[dict[str, Any]]:
    """All events of a conversation, oldest first, for reading it through; personal data is masked already."""
    return [
        {"kind": e.kind, "at": e.at.isoformat(), "actor": e.actor, "channel": e.channel, "data": dict(e.data)}
        for e in of_conversation(url, conversation_id)
    ]
