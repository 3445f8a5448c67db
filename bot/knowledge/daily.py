"""The work of every day, which bot.launch.daily asks for each minute.

That is the sync, then the customers: their RFM anew, and offers that led to nothing closed. A row of the store is the
lock: of several processes one does it; what failed is tried again; a machine that was off at the hour catches up.
"""

import logging
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.clock import local, now
from bot.db import reading, writing
from bot.knowledge.asked import forget_asked
from bot.knowledge.sync import SyncReport, sync
from bot.knowledge.tables import SyncRow
from bot.settings import Settings
from bot.shop import FeedError, outreach

RETRY = timedelta(minutes=10)
STUCK = timedelta(hours=1)  # a run that has not ended by then died
TRIES = 12

logger = logging.getLogger(__name__)


def run_when_due(settings: Settings) -> SyncReport | None:
    """Run today's sync when it is due and nobody ran it yet; its report, or None when it was not run."""
    if not settings.operations.sync.source or not _due(settings):
        return None
    name = f"daily:{local(now()):%Y-%m-%d}"
    if not _claim(settings.knowledge_url, name):
        return None
    try:
        report = sync(settings, settings.operations.sync.source)
        forget_asked(settings.knowledge_url)
    except (FeedError, SQLAlchemyError, OSError) as error:
        logger.error("今天的同步没有成功，%d 分钟后再试：%s", RETRY.seconds // 60, error)
        _set(settings.knowledge_url, name, status="failed", problem=str(error)[:500])
        return None
    status = "failed" if any(bad.line == 0 for bad in report.rejected) else "done"
    _set(settings.knowledge_url, name, status=status, report=report.lines()[:200], seconds=round(report.seconds, 1))
    for line in report.lines():
        logger.info(line)
    return report


def tend_customers_when_due(settings: Settings) -> dict[str, int] | None:
    """Do today's work for customers at the same hour, source or not; how many of each, or None when it was not run.

    See `bot.shop.outreach.daily`.
    """
    name = f"customers:{local(now()):%Y-%m-%d}"
    if not _due(settings) or not _claim(settings.knowledge_url, name):
        return None
    try:
        done = outreach.daily(settings.shop_url)
    except SQLAlchemyError as error:
        logger.error("今天的顾客分群没有成功，%d 分钟后再试：%s", RETRY.seconds // 60, error)
        _set(settings.knowledge_url, name, status="failed", problem=str(error)[:500])
        return None
    _set(settings.knowledge_url, name, status="done", **done)
    logger.info("顾客分群已更新：%s", done)
    return done


def _due(settings: Settings) -> bool:
    return f"{local(now()):%H:%M}" >= settings.operations.sync.at


def _claim(url: str, name: str) -> bool:
    """Take today's run; False when another process has it, it is done, or it was tried too often or just now."""
    moment = now()
    with reading(url) as session:
        row = session.get(SyncRow, name)
        before = (row.at, dict(row.details)) if row else None
    fresh = {"status": "running", "tries": 1}
    try:
        with writing(url) as session:
            if before is None:
                session.add(SyncRow(name=name, at=moment, details=fresh))
                session.flush()
                return True
            at, details = before
            wait = {"failed": RETRY, "running": STUCK}.get(details["status"])
            if wait is None or moment - at < wait or details["tries"] >= TRIES:
                return False
            again = fresh | {"tries": details["tries"] + 1}
            # Of two processes that read the same row, one finds it changed.
            mine = update(SyncRow).where(SyncRow.name == name, SyncRow.at == at).values(at=moment, details=again)
            return bool(session.execute(mine.execution_options(synchronize_session=False)).rowcount)
    except IntegrityError:
        return False


def _set(url: str, name: str, **details: Any) -> None:
    with writing(url) as session:
        row = session.get(SyncRow, name)
        row.at, row.details = now(), row.details | details
