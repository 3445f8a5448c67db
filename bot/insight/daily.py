"""What the figures do by the clock: look for missed targets, and send yesterday's digest once a day."""

import logging
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from bot import clock
from bot.db import writing
from bot.insight.alerts import watch
from bot.insight.digest import digest
from bot.insight.sending import DigestError, send
from bot.insight.tables import StateRow
from bot.settings import Settings

WATCH_EVERY = timedelta(minutes=10)
RETRY = timedelta(minutes=10)
DONE = "done"

logger = logging.getLogger(__name__)


def run_when_due(settings: Settings) -> None:
    """Called every minute, by several processes if need be: each task is done by one of them."""
    if _claim(settings.events_url, "alerts", WATCH_EVERY):
        try:
            for alert in watch(settings):
                logger.warning("没达到目标：%s", alert)
        except DigestError as error:
            logger.error("%s", error)
    send_when_due(settings)


def send_when_due(settings: Settings) -> bool:
    """Send yesterday's digest when it is time and it was not sent yet; whether it was sent now."""
    today = clock.local(clock.now())
    if not (settings.digest.webhook or settings.digest.email) or f"{today:%H:%M}" < settings.operations.kpi.digest_at:
        return False
    url, name, day = settings.events_url, f"digest {today:%Y-%m-%d}", today.date() - timedelta(days=1)
    if not _claim(url, name, RETRY):
        return False
    try:
        send(settings.digest, f"{settings.operations.web.shop_name} {day} 日报", digest(settings, day))
    except DigestError as error:
        logger.error("%s，%d 分钟后再试", error, RETRY.seconds // 60)
        return False
    with writing(url) as session:
        session.get(StateRow, name).value = DONE
    logger.info("%s 的日报已发出", day)
    return True


def _claim(url: str, name: str, every: timedelta) -> bool:
    """Take a task that is not done and that nobody took within `every`; its row holds when somebody did (ISO 8601)."""
    now = clock.now()
    try:
        with writing(url) as session:
            row = session.get(StateRow, name, with_for_update=True)
            if row is None:
                session.add(StateRow(name=name, value=now.isoformat()))
                return True
            if row.value == DONE or now - datetime.fromisoformat(row.value) < every:
                return False
            row.value = now.isoformat()
            return True
    except IntegrityError:  # another process was quicker
        return False
