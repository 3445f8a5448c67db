"""The work of every day, which bot.launch.daily asks for each minute; one process of the cluster does it.

A lease keeps two from working at once, a value beside the conversations tells when it was done; what failed is tried
again half an hour later.
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bot import conversations
from bot.channels.shared import get_value, set_value
from bot.clock import local, now
from bot.db import upgrade
from bot.settings import Settings
from bot.upkeep.backing_up import backup
from bot.upkeep.problems import UpkeepError
from bot.upkeep.tidying import tidy

logger = logging.getLogger(__name__)

AGAIN = 1800.0  # seconds
_TIDYING = "tidying"
_LONGEST = 6 * 3600.0  # seconds; a worker on another machine that has not ended by then died


def backup_when_due(settings: Settings) -> bool:
    """Make today's backup when it is time (`backup` in data/operations.yml); whether it was made now."""
    ours = settings.operations.backup

    def work() -> None:
        made = backup(settings, Path(ours.folder) if ours.folder else None, ours.keep)
        logger.info("今天的备份已做好：%s", made)

    return bool(ours.at) and _once_a_day(settings, "backup", "backing-up", ours.at, work)


def tidy_when_due(settings: Settings) -> bool:
    """Archive and delete what is old when it is time (`retention` in data/operations.yml); whether it was done now."""

    def work() -> None:
        done = tidy(settings)
        logger.info(
            "今天的整理做完了：%s", "，".join(f"{name} {count}" for name, count in done.items()) or "没有到期的"
        )

    return bool(settings.operations.retention.at) and _once_a_day(
        settings, "tidy", _TIDYING, settings.operations.retention.at, work
    )


def tidy_now(settings: Settings) -> Counter[str]:
    """What `tidy` has done.

    Raises:
        UpkeepError: another process is at it.
    """
    for room in ("conversations", "upkeep"):
        upgrade(settings.chat_url, room)
    store, worker = conversations.current_store(), conversations.new_worker()
    if not conversations.hold(store, _TIDYING, worker, _LONGEST):
        raise UpkeepError("别的进程正在整理，请等它做完")
    try:
        return tidy(settings)
    finally:
        conversations.let_go(store, _TIDYING, worker)


def _once_a_day(settings: Settings, job: str, lease: str, at: str, work: Callable[[], object]) -> bool:
    today = local(now())
    if f"{today:%H:%M}" < at:
        return False
    for room in ("conversations", "channels", "upkeep"):
        upgrade(settings.chat_url, room)
    day = f"{today:%Y-%m-%d}"
    if not _is_due(settings, job, day):
        return False
    store, worker = conversations.current_store(), conversations.new_worker()
    if not conversations.hold(store, lease, worker, _LONGEST):
        return False
    try:
        if not _is_due(settings, job, day):  # another process has just done it
            return False
        work()
        _note(settings, job, done=day)
        return True
    except UpkeepError as error:
        _note(settings, job, not_before=time.time() + AGAIN)
        logger.error("%s，%d 分钟后再试", error, AGAIN // 60)
        return False
    except Exception:
        _note(settings, job, not_before=time.time() + AGAIN)
        raise
    finally:
        conversations.let_go(store, lease, worker)


def _is_due(settings: Settings, job: str, day: str) -> bool:
    told = json.loads(get_value(settings.chat_url, f"upkeep:{job}") or "{}")
    return told.get("done") != day and float(told.get("not_before", 0.0)) <= time.time()


def _note(settings: Settings, job: str, **told: object) -> None:
    set_value(settings.chat_url, f"upkeep:{job}", json.dumps(told))
