"""The words of domain.yml, for whoever speaks to customers: actions, desk, channels."""

import math
from datetime import datetime
from functools import lru_cache
from typing import Any

from bot.clock import local, now
from bot.settings import ROOT, SettingsError, read_yaml


@lru_cache(maxsize=1)
def domain() -> dict[str, Any]:
    """domain.yml, read once; nobody depends on the bot sending it with every call."""
    return read_yaml(ROOT / "domain.yml")


def phrase(name: str, /, **variables: object) -> str:
    """The text of the response `name` with its variables filled.

    Raises:
        SettingsError: domain.yml has no such response.
    """
    try:
        text = domain()["responses"][name][0]["text"]
    except KeyError:
        raise SettingsError(f"domain.yml 的 responses 里缺少 {name}，请补上") from None
    return str(text).format(**variables)


def buttons(name: str, /) -> list[str]:
    """The titles of the buttons of the response `name`, [] without any.

    Raises:
        SettingsError: domain.yml has no such response.
    """
    try:
        offered = domain()["responses"][name][0].get("buttons") or []
    except KeyError:
        raise SettingsError(f"domain.yml 的 responses 里缺少 {name}，请补上") from None
    return [str(button["title"]) for button in offered]


def moment(when: datetime) -> str:
    """`when` as customers say it: 今日18:00, 明日18:00, 11月25日18:00."""
    there = local(when)
    days = (there.date() - local(now()).date()).days
    name = {0: "utter_part_today", 1: "utter_part_tomorrow"}.get(days, "utter_part_day")
    return phrase(name, month=there.month, day=there.day, time=f"{there:%H:%M}")


def duration(seconds: float) -> str:
    """A time to wait as people say it: 15秒, 2分钟; rounded up, so that nobody is disappointed."""
    if seconds <= 55:
        return phrase("utter_part_seconds", number=max(5, math.ceil(seconds / 5) * 5))
    return phrase("utter_part_minutes", number=math.ceil(seconds / 60))
