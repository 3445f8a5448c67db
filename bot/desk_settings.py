"""Settings of the desk: the numbers of data/operations.yml under `desk`."""

import re
from datetime import datetime, time, timedelta

from pydantic import BaseModel, Extra, Field, validator

_SPAN = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
DAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


class _Strict(BaseModel):
    class Config:
        extra = Extra.forbid


class SignIn(_Strict):
    """Signing in at the desk: wrong passwords inside a window, lives of a session.

    `own_proxies` counts the trusted proxies in front of the web server, to find who signs in in X-Forwarded-For.
    """

    tries_per_name: int = Field(default=5, ge=1)
    tries_per_address: int = Field(default=30, ge=1)
    window_minutes: int = Field(default=15, ge=1)
    idle_minutes: int = Field(default=120, ge=1)
    longest_hours: int = Field(default=12, ge=1)
    password_min_length: int = Field(default=10, ge=8)
    own_proxies: int = Field(default=0, ge=0)


class Desk(_Strict):
    """People at the desk; times in seconds unless the name says otherwise.

    `categories`: name of a category (a base intent or your own) to its title. `priority`: category, or "vip", to how
    much earlier it is served. `answer_within`: category to the promise whose breach escalates.
    `vip_agents`: customer to her dedicated agent.
    `hours`: day to spans such as "09:00-22:00" in the shop's time; a day that is missing is closed.
    """

    categories: dict[str, str] = {"presale": "售前", "aftersale": "售后", "complaint": "投诉", "other": "其他"}
    priority: dict[str, int] = {"complaint": 10, "vip": 5}
    answer_within: dict[str, int] = {"complaint": 30}
    vip_agents: dict[str, str] = {}
    hours: dict[str, list[str]] = {day: ["00:00-24:00"] for day in DAYS}
    capacity: int = Field(default=5, ge=1, le=100)
    load_weight: float = Field(default=0.7, ge=0, le=1)
    grace_seconds: float = Field(default=20, ge=0)
    silent_minutes: float = Field(default=5, gt=0)
    position_seconds: float = Field(default=20, ge=1)
    cancel_words: list[str] = ["不等了"]
    message_max_length: int = Field(default=2000, ge=50, le=20000)
    image_max_mb: int = Field(default=5, ge=1, le=20)
    sign_in: SignIn = SignIn()

    @validator("hours")
    def _spans(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for day, spans in value.items():
            if day not in DAYS:
                raise ValueError(f"没有“{day}”这一天，请写 {'、'.join(DAYS)}")
            for span in spans:
                if _minutes(span) is None:
                    raise ValueError(f"{day}的“{span}”不是时间段，请写成 09:00-22:00 这样，到午夜写 24:00")
        return value

    def is_open(self, moment: datetime) -> bool:
        """Whether people work at `moment`, given in the shop's time."""
        minute = moment.hour * 60 + moment.minute
        return any(first <= minute < last for first, last in self._spans_of(moment))

    def next_opening(self, moment: datetime) -> datetime | None:
        """When people work again after `moment` (in the shop's time), within a week; None when never."""
        for ahead in range(8):
            day = moment + timedelta(days=ahead)
            for first, _ in sorted(self._spans_of(day)):
                opening = datetime.combine(day.date(), time(first // 60, first % 60), moment.tzinfo)
                if opening > moment:
                    return opening
        return None

    def _spans_of(self, moment: datetime) -> list[tuple[int, int]]:
        return [span for text in self.hours.get(DAYS[moment.weekday()], []) if (span := _minutes(text))]


def _minutes(span: str) -> tuple[int, int] | None:
    found = _SPAN.fullmatch(span)
    if found is None:
        return None
    hour, minute, last_hour, last_minute = map(int, found.groups())
    first, last = hour * 60 + minute, last_hour * 60 + last_minute
    return (first, last) if max(minute, last_minute) < 60 and first < last <= 24 * 60 else None
