"""Histories of tickets and refunds."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.clock import now
from bot.shop.service_tables import StepRow
from bot.shop.service_views import Step


def add_step(session: Session, of_no: str, status: str, note: str = "", at: datetime | None = None) -> Step:
    """Write down that `of_no` reached `status`."""
    last = session.scalar(select(func.max(StepRow.position)).where(StepRow.of_no == of_no)) or 0
    step = Step(at or now(), status, note)
    session.add(StepRow(of_no=of_no, position=last + 1, at=step.at, status=status, note=note))
    session.flush()
    return step


def histories(session: Session, numbers: Iterable[str]) -> dict[str, tuple[Step, ...]]:
    """The steps of each number, oldest first."""
    found: dict[str, tuple[Step, ...]] = {}
    rows = select(StepRow).where(StepRow.of_no.in_(list(numbers))).order_by(StepRow.of_no, StepRow.position)
    for row in session.scalars(rows):
        found[row.of_no] = (*found.get(row.of_no, ()), Step(row.at, row.status, row.note))
    return found
