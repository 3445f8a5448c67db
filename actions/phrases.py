"""Small pieces of text from domain.yml, for what a single response cannot express (今日18:00, a button's title)."""

from datetime import date, datetime, timedelta

from bot.clock import local, now
from bot.phrases import domain, moment, phrase

__all__ = ["domain", "moment", "phrase"]


def day(when: date) -> str:
    """A day (of a moment: in shop time) as customers say it: 今日, 明日, 11月25日; with the year when it is another."""
    there = local(when).date() if isinstance(when, datetime) else when
    today = local(now()).date()
    name = {0: "utter_part_today", 1: "utter_part_tomorrow"}.get((there - today).days, "utter_part_day")
    if there.year != today.year and name == "utter_part_day":
        name = "utter_part_day_of_year"
    return phrase(name, year=there.year, month=there.month, day=there.day, time="")


def last_day(ends_at: datetime) -> str:
    """The last day of what ends at `ends_at` (no longer counted), as customers say it."""
    return day(local(ends_at - timedelta(seconds=1)).date())
