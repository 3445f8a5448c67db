"""The one clock of the house, so that tests and demos can stop it.

Times are aware datetimes in UTC; `local` turns them into the shop's time zone for people to read.

DIANXIAOER_NOW stops it at an ISO time. With DIANXIAOER_CLOCK_SPEED as well ("10@1764028800") it runs on from there, ten
times as fast, from that real moment (seconds since the epoch, so that all processes agree).
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from bot.settings import SettingsError, get_settings

_frozen: datetime | None = None


def _from_environment() -> datetime | None:
    text = os.environ.get("DIANXIAOER_NOW")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(
            f"环境变量 DIANXIAOER_NOW 的值“{text}”不是 ISO 时间，请写成 2026-11-22T10:00:00+08:00 这样"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=shop_zone())


def _pace() -> tuple[float, float] | None:
    """(how many times as fast, since which real moment), None for the usual pace."""
    text = os.environ.get("DIANXIAOER_CLOCK_SPEED")
    if not text:
        return None
    try:
        speed, _, since = text.partition("@")
        pace = float(speed), float(since)
    except ValueError:
        pace = 0.0, 0.0
    if pace[0] <= 0:
        raise SettingsError(
            f"环境变量 DIANXIAOER_CLOCK_SPEED 的值“{text}”不对，请写成 10@1764028800 这样：倍数@起点的秒数"
        )
    return pace


def shop_zone() -> ZoneInfo:
    """The shop's time zone, from data/operations.yml."""
    return ZoneInfo(get_settings().operations.timezone)


def now() -> datetime:
    """The current moment in UTC; frozen by `freeze` or as the environment says."""
    if _frozen is not None:
        return _frozen.astimezone(timezone.utc)
    moment, pace = _from_environment(), _pace()
    if pace is None:
        return moment.astimezone(timezone.utc) if moment else datetime.now(timezone.utc)
    speed, since = pace
    start = moment or datetime.fromtimestamp(since, timezone.utc)
    return (start + timedelta(seconds=(time.time() - since) * speed)).astimezone(timezone.utc)


def real_seconds(seconds: float) -> float:
    """How long to wait in fact until `seconds` of this clock have passed."""
    pace = _pace()
    return seconds if pace is None else seconds / pace[0]


def local(moment: datetime) -> datetime:
    """`moment` in the shop's time zone; a naive one is taken as UTC, as the databases hold it."""
    return as_utc(moment).astimezone(shop_zone())


def as_utc(moment: datetime) -> datetime:
    """`moment` as an aware UTC datetime; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc)


@contextmanager
def freeze(moment: datetime) -> Iterator[None]:
    """Stop the clock of this process at `moment` (aware) inside the block."""
    global _frozen
    before, _frozen = _frozen, moment
    try:
        yield
    finally:
        _frozen = before
