"""The numbers of the upkeep: when backups are made, and how long what is kept."""

from typing import Literal

from pydantic import BaseModel, Extra, Field

Kind = Literal["messages", "dialogue", "events", "quotes", "audit"]
_AT = r"^(|([01]\d|2[0-3]):[0-5]\d)$"  # the shop's time, "" is never


class _Strict(BaseModel):
    class Config:
        extra = Extra.forbid


class Backup(_Strict):
    """The daily backup; `folder` "" is var/backups, `keep` 0 keeps all."""

    at: str = Field(default="", regex=_AT)
    folder: str = ""
    keep: int = Field(default=7, ge=0)


class Retention(_Strict):
    """How many months what is kept, 0 for ever; `archive` names what is written to var/archive before it goes."""

    at: str = Field(default="04:00", regex=_AT)
    messages: int = Field(default=24, ge=0)
    dialogue: int = Field(default=6, ge=0)
    events: int = Field(default=36, ge=0)
    media: int = Field(default=12, ge=0)
    quotes: int = Field(default=12, ge=0)
    audit: int = Field(default=36, ge=0)
    logs: int = Field(default=6, ge=0)
    archive: list[Kind] = ["messages", "events", "quotes", "audit"]
    mask: bool = True
    archive_months: int = Field(default=60, ge=0)
