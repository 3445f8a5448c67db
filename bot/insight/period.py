"""Periods that pages ask for: days of the shop, first and last included."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot import clock

LONGEST = 366 * 2


@dataclass(frozen=True)
class Period:
    """The days `first` to `last`."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def end(self) -> datetime:
        """The moment at which its last day ends."""
        return datetime.combine(self.last + timedelta(days=1), time(), clock.shop_zone())

    @property
    def before(self) -> "Period":
        """As many days right before it."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


def read_period(first: str | None, last: str | None, default_days: int = 30) -> Period:
    """A period from two ISO days; missing ones mean the last `default_days` days up to today.

    Raises:
        ValueError: in Chinese, what is wrong.
    """
    today = clock.local(clock.now()).date()
    try:
        end = date.fromisoformat(last) if last else today
        begin = date.fromisoformat(first) if first else end - timedelta(days=default_days - 1)
    except ValueError:
        raise ValueError("日期请写成 2026-11-25 这样") from None
    if begin > end:
        raise ValueError("开始日期不能晚于结束日期")
    if (end - begin).days >= LONGEST:
        raise ValueError("一次最多看两年")
    return Period(begin, end)
