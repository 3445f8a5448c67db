"""What the suite does by the clock, as a process of its own: `python -m bot.launch.daily`.

Each task is asked once a minute whether it is due. Several such processes may run: the tasks see to it that one of them
does it.
"""

import logging
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bot.insight import daily as figures
from bot.knowledge import daily as sync
from bot.launch.job_times import succeeded
from bot.observing import logs
from bot.settings import Settings, SettingsError, get_settings
from bot.upkeep import daily as upkeep
from bot.upkeep import requests
from bot.upkeep.presence import join

logger = logging.getLogger(__name__)
# Name in the log → what looks whether it is due; a new task is a line here.
TASKS: dict[str, Callable[[Settings], object]] = {
    "每日同步": sync.run_when_due,
    "顾客分群": sync.tend_customers_when_due,
    "日报和提醒": figures.run_when_due,
    "删除顾客资料": requests.run_waiting,
    "备份": upkeep.backup_when_due,
    "到期归档": upkeep.tidy_when_due,
}


def tick(settings: Settings) -> None:
    """Let every task look once; one that fails keeps no other from its work, nor itself from tomorrow's."""
    for name, task in TASKS.items():
        try:
            task(settings)
            succeeded(settings, name)
        except Exception:
            logger.exception("%s出错，稍后再试", name)


def main() -> None:
    """Look every minute, until the process is told to end."""
    try:
        join(get_settings())
    except SettingsError as error:
        sys.exit(f"✗ {error}")
    logs.configure(get_settings(), "daily")
    with suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, _end)
        logger.info("每分钟看一次到了时间没有：%s", "、".join(TASKS))
        while True:
            tick(get_settings())
            time.sleep(60)


def _end(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt  # as Ctrl-C


if __name__ == "__main__":
    main()
