"""The event store's one table."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String
from sqlalchemy.orm import declarative_base

from bot.db import UtcDateTime

Base: Any = declarative_base()

# SQLite counts rows by itself only under the name INTEGER.
Sequence = BigInteger().with_variant(Integer, "sqlite")


class EventRow(Base):
    """An event; `seq` is the order in which the store got to know of it."""

    __tablename__ = "events_log"
    __table_args__ = (
        Index("events_log_conversation", "conversation_id", "at"),
        Index("events_log_kind", "kind", "at"),
    )

    seq = Column(Sequence, primary_key=True, autoincrement=True)
    id = Column(String(40), nullable=False, unique=True)
    kind = Column(String(32), nullable=False)
    conversation_id = Column(String(80), nullable=False)
    at = Column(UtcDateTime, nullable=False)
    channel = Column(String(32), nullable=False)
    actor = Column(String(64), nullable=False)
    data = Column(JSON, nullable=False)
