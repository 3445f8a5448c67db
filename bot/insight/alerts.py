"""Missed targets: noticed on the day they are missed, told once by the digest's webhook or e-mail, and kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bot import clock
from bot.db import reading, writing
from bot.insight.kpis import FIGURES, Figure, Measured, measure, show, sums
from bot.insight.projection import refresh
from bot.insight.sending import send
from bot.insight.tables import AlertRow
from bot.service_settings import Kpi
from bot.settings import Settings

KEPT_DAYS = 14  # how far back the pages look


@dataclass(frozen=True)
class Alert:
    """A figure that missed its target on a day; `sent` whether somebody was told."""

    day: date
    figure: Figure
    value: float
    target: float
    at: datetime
    sent: bool

    def __str__(self) -> str:
        return f"{self.figure.title} {show(self.value, self.figure)}（目标 {show(self.target, self.figure)}）"


def missed(measured: Sequence[Measured], kpi: Kpi) -> list[Measured]:
    """The figures that missed their targets, of those that enough contacts stand behind."""
    return [m for m in measured if m.met is False and m.count >= kpi.alert_contacts]


def watch(settings: Settings) -> list[Alert]:
    """Look at today's figures; the alerts that are new. What could not be sent is tried again the next time.

    Raises:
        DigestError: a place did not take the message.
    """
    refresh(settings)
    url, today = settings.events_url, clock.local(clock.now()).date()
    (row,) = sums(url, today, today)
    new = [m for m in missed(measure(row, settings.operations.kpi), settings.operations.kpi) if _keep(url, today, m)]
    waiting = [alert for alert in recent_alerts(url, days=1) if not alert.sent]
    if waiting and (settings.digest.webhook or settings.digest.email):
        subject = f"{settings.operations.web.shop_name}：今天有指标没达到目标"
        lines = [f"- {alert}" for alert in waiting]
        send(settings.digest, subject, "\n".join([f"**{subject}**", "", *lines]))
        _mark_sent(url, waiting)
    keys = {m.figure.key for m in new}
    return [alert for alert in recent_alerts(url, days=1) if alert.figure.key in keys]


def recent_alerts(url: str, days: int = KEPT_DAYS) -> list[Alert]:
    """The alerts of the last days with today, newest first."""
    since = clock.local(clock.now()).date() - timedelta(days=days - 1)
    query = select(AlertRow).where(AlertRow.day >= since).order_by(AlertRow.at.desc(), AlertRow.figure)
    figures = {figure.key: figure for figure in FIGURES}
    with reading(url) as session:
        rows = [row for row in session.execute(query).scalars() if row.figure in figures]
    return [Alert(row.day, figures[row.figure], row.value, row.target, row.at, row.sent) for row in rows]


def _keep(url: str, day: date, measured: Measured) -> bool:
    """Write an alert down; False when today's is there already."""
    try:
        with writing(url) as session:
            if session.get(AlertRow, (day, measured.figure.key)) is not None:
                return False
            values = {"value": measured.value, "target": measured.target, "at": clock.now(), "sent": False}
            session.add(AlertRow(day=day, figure=measured.figure.key, **values))
        return True
    except IntegrityError:  # another process was quicker
        return False


def _mark_sent(url: str, alerts: Sequence[Alert]) -> None:
    with writing(url) as session:
        for alert in alerts:
            session.get(AlertRow, (alert.day, alert.figure.key)).sent = True
