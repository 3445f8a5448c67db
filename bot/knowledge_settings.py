"""Settings of the knowledge base and of the daily sync."""

import re

from pydantic import BaseModel, Extra, Field, root_validator, validator


class _Strict(BaseModel):
    class Config:
        extra = Extra.forbid


class Knowledge(_Strict):
    """From which probability on an entry is said, and from which on it is offered."""

    answer: float = Field(default=0.7, ge=0, le=1)
    near: float = Field(default=0.25, ge=0, le=1)
    offered: int = Field(default=3, ge=1, le=5)
    repeat_minutes: int = Field(default=10, ge=1)
    keep_days: int = Field(default=180, ge=1)

    @root_validator(skip_on_failure=True)
    def _near_below_answer(cls, values: dict[str, float]) -> dict[str, float]:
        if values["near"] > values["answer"]:
            raise ValueError("near 不应大于 answer")
        return values


class Sync(_Strict):
    """The daily sync: `at` in the shop's time, `source` a folder or an http(s) address, empty for none."""

    at: str = "06:00"
    source: str = ""
    timeout_seconds: float = Field(default=20, gt=0, le=300)
    max_mb: int = Field(default=50, ge=1, le=1000)

    @validator("at")
    def _is_clock_time(cls, value: str) -> str:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value, re.ASCII):
            raise ValueError(f'“{value}”不是钟点，请加引号写成 "06:00" 这样')
        return value
