"""The one clock of the house, so that tests and demos can stop it.

Times are aware datetimes in UTC; `local` turns them into the shop's time zone for people to read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
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


def shop_zone() -> ZoneInfo:
    """The shop's time zone, from data/operations.yml."""
    return ZoneInfo(get_settings().operations.timezone)


def now() -> datetime:
    """The current moment in UTC; frozen by `freeze` or by the variable DIANXIAOER_NOW."""
    moment = _frozen or _from_environment()
    return moment.astimezone(timezone.utc) if moment else datetime.now(timezone.utc)


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
