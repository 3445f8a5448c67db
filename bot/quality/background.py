"""Keeps the inspection up to date while pages are looked at: today and yesterday, and old days under new rules."""

import asyncio
import logging
import threading
import time
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot import clock
from bot.db import reading
from bot.quality.inspection import inspect_day
from bot.quality.inspector import Inspector
from bot.quality.reader import PATH, load_rules
from bot.quality.tables import TalkRow
from bot.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
_REACH_BACK = timedelta(days=30)


class Current:
    """One for a server; `refresh` never waits for an inspection that is under way."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._inspector: Inspector | None = None
        self._read_at = 0.0
        self._lock = threading.Lock()
        self._task: asyncio.Task[None] | None = None
        self._done_at = -FRESH_SECONDS

    def inspector(self) -> Inspector:
        """The inspector of the rules as they are now; of rules with mistakes the last right ones.

        Raises:
            SettingsError: there were no right ones yet.
        """
        with self._lock:
            changed = PATH.stat().st_mtime if PATH.is_file() else 0.0
            if self._inspector is None or changed != self._read_at:
                try:
                    self._inspector = Inspector(load_rules())
                except SettingsError:
                    if self._inspector is None:
                        raise
                    logger.exception("data/quality.yml 有误，先用原来的规则")
                self._read_at = changed
            return self._inspector

    async def refresh(self) -> None:
        """Start an inspection of what is new, not more often than once a minute; it goes on by itself."""
        running = self._task is not None and not self._task.done()
        if running or time.monotonic() - self._done_at < FRESH_SECONDS:
            return
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await asyncio.to_thread(self._inspect)
        except (SQLAlchemyError, SettingsError):
            logger.exception("the inspection failed")
        finally:
            self._done_at = time.monotonic()

    def _inspect(self) -> None:
        inspector = self.inspector()
        today = clock.local(clock.now()).date()
        for day in [today, today - timedelta(days=1), *self._outdated(inspector.rules.hash, today)]:
            inspect_day(self._settings, inspector, day)

    def _outdated(self, rules: str, today: date) -> list[date]:
        query = select(TalkRow.day).distinct().where(TalkRow.rules != rules, TalkRow.day >= today - _REACH_BACK)
        with reading(self._settings.events_url) as session:
            return sorted(session.execute(query).scalars(), reverse=True)
