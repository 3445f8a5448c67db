"""Settings of the platforms' channels: the section `channels` of data/operations.yml."""

from pydantic import BaseModel, Extra, Field


class Channels(BaseModel):
    """How quick short messages become one turn, and how hard answers and files are tried for."""

    join_seconds: float = Field(default=1.5, ge=0, le=10)
    join_chars: int = Field(default=15, ge=1)
    join_at_most: int = Field(default=5, ge=1, le=20)
    send_attempts: int = Field(default=10, ge=1, le=50)
    messages_per_minute: int = Field(default=60, ge=1)
    media_max_mb: int = Field(default=10, ge=1, le=50)

    class Config:
        extra = Extra.forbid
