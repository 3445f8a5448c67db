"""Small pieces of text from domain.yml, for what a single response cannot express (今日18:00, a button's title)."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from bot.clock import local, now
from bot.settings import ROOT, SettingsError, read_yaml


@lru_cache(maxsize=1)
def domain() -> dict[str, Any]:
    """domain.yml, read once; the action server does not depend on the bot sending it with every call."""
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


def moment(when: datetime) -> str:
    """`when` as customers say it: 今日18:00, 明日18:00, 11月25日18:00."""
    there = local(when)
    days = (there.date() - local(now()).date()).days
    name = {0: "utter_part_today", 1: "utter_part_tomorrow"}.get(days, "utter_part_day")
    return phrase(name, month=there.month, day=there.day, time=f"{there:%H:%M}")
