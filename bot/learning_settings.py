"""The `learning` section of data/operations.yml."""

from pydantic import BaseModel, Extra, Field


class Learning(BaseModel):
    """The loop from last week's chats to a better model."""

    weekly: int = Field(default=500, ge=1, le=5000)
    retrain_days: int = Field(default=14, ge=1)
    kept_back_percent: int = Field(default=20, ge=0, le=90)
    replay_days: int = Field(default=14, ge=1)
    may_lose_points: float = Field(default=1.0, ge=0, le=20)

    class Config:
        extra = Extra.forbid
