"""Settings of surveys: the section `survey` of data/operations.yml."""

from pydantic import BaseModel, Extra, Field


class Survey(BaseModel):
    """When a customer is asked how it was, and how answers in own words are read.

    A chat with the bot alone counts as ended after `quiet_minutes`. Nobody is asked again within `gap_days`.
    Answers count for `answer_hours`; up to `comment_stars` stars, or unsolved, the customer is asked what was wrong.
    `remind_hours` 0 reminds nobody.
    """

    enabled: bool = True
    quiet_minutes: float = Field(default=15, gt=0)
    gap_days: float = Field(default=7, ge=0)
    answer_hours: float = Field(default=24, gt=0)
    comment_stars: int = Field(default=3, ge=0, le=5)
    remind_hours: float = Field(default=0, ge=0)
    solved_words: list[str] = ["解决了", "已解决", "好了"]
    unsolved_words: list[str] = ["没解决", "没有解决", "未解决"]

    class Config:
        extra = Extra.forbid
