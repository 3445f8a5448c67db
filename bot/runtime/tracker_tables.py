"""Tables of the conversations as Rasa remembers them: a row for each save, and where each one's window begins."""

from typing import Any

from sqlalchemy import Column, Float, Index, Integer, String, Text
from sqlalchemy.orm import declarative_base

Base: Any = declarative_base()


class TurnRow(Base):
    """What one save added, as a rule one turn.

    `number` counts the saves of a conversation from 1, `at` is the time of the last event (seconds since the epoch),
    `size` how many events `data` holds: a JSON list of Rasa's events.
    """

    __tablename__ = "tracker_turns"
    sender_id = Column(String(255), primary_key=True)
    number = Column(Integer, primary_key=True, autoincrement=False)
    at = Column(Float, nullable=False)
    size = Column(Integer, nullable=False)
    data = Column(Text, nullable=False)
    __table_args__ = (Index("ix_tracker_turns_at", "at"),)


class HeadRow(Base):
    """Where a conversation's window begins: with the turn `start`.

    `carried` is a JSON list of events that lead to the state before that turn; [] at the start of a session.
    """

    __tablename__ = "tracker_heads"
    sender_id = Column(String(255), primary_key=True)
    start = Column(Integer, nullable=False)
    carried = Column(Text, nullable=False)
