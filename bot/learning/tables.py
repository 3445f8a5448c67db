"""Messages drawn for labelling, and the models that came of them; beside the event store."""

from typing import Any

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Text
from sqlalchemy.orm import declarative_base

from bot.db import UtcDateTime

Base: Any = declarative_base()


class DrawnRow(Base):
    """A customer's message that was drawn in `week` (2026-W48); `key` is its text without what means nothing.

    `status`: waiting, labelled (to be reviewed), skipped, approved (to be trained on), kept (only measured on),
    taken (in the corpus), clash (the corpus has it under another intent).
    """

    __tablename__ = "learning_drawn"
    __table_args__ = (Index("learning_drawn_week", "week", "status"),)

    id = Column(Integer, primary_key=True, autoincrement=True)
    key = Column(String(64), nullable=False, unique=True)
    week = Column(String(8), nullable=False)
    text = Column(Text, nullable=False)
    conversation_id = Column(String(80), nullable=False)
    at = Column(UtcDateTime, nullable=False)
    reason = Column(String(12), nullable=False)
    predicted = Column(String(40), nullable=False)
    confidence = Column(Float, nullable=False)
    emotion_predicted = Column(String(12), nullable=False)
    suggestions = Column(JSON, nullable=False)
    status = Column(String(10), nullable=False, default="waiting")
    intent = Column(String(40), nullable=False, default="")
    emotion = Column(String(12), nullable=False, default="")
    score = Column(Integer)
    labelled_by = Column(String(64), nullable=False, default="")
    reviewed_by = Column(String(64), nullable=False, default="")
    note = Column(String(200), nullable=False, default="")
    changed_at = Column(UtcDateTime, nullable=False)


class ModelRow(Base):
    """A model that the loop trained or found in use; `status`: candidate, refused, live, retired.

    `data_hash` is the SHA-256 of the training files; `figures` the report of the gate, {} before it.
    """

    __tablename__ = "learning_models"

    id = Column(Integer, primary_key=True, autoincrement=True)
    name = Column(String(120), nullable=False, unique=True)
    data_hash = Column(String(64), nullable=False)
    lines = Column(Integer, nullable=False)
    status = Column(String(10), nullable=False)
    figures = Column(JSON, nullable=False)
    trained_at = Column(UtcDateTime, nullable=False)
    decided_at = Column(UtcDateTime)
