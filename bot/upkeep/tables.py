"""The table of the upkeep, beside the conversations: which persons are to be erased, and what came of it."""

from typing import Any

from sqlalchemy import JSON, Column, Float, Index, Integer, String
from sqlalchemy.orm import declarative_base

from bot.db import UtcDateTime

Base: Any = declarative_base()


class ErasureRow(Base):
    """A request to erase a person: "waiting", then "done".

    `person` holds what the person is found by, and is emptied when the request is done; `subject` is the hash of
    customer or account. `counts` is what came of it (table → rows), never contents. Nothing happens before
    `not_before`, a real time (seconds since 1970): the shop's clock may stand still.
    """

    __tablename__ = "upkeep_erasures"
    id = Column(Integer, primary_key=True)
    subject = Column(String(64), nullable=False)
    state = Column(String(10), nullable=False, default="waiting")
    person = Column(JSON, nullable=False)
    counts = Column(JSON, nullable=False)
    asked_at = Column(UtcDateTime, nullable=False)
    not_before = Column(Float, nullable=False)
    done_at = Column(UtcDateTime)
    __table_args__ = (Index("ix_upkeep_erasures_state", "state", "not_before"),)
