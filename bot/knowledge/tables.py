"""Tables of the knowledge store."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.orm import declarative_base

from bot.db import UtcDateTime

Base: Any = declarative_base()

# SQLite counts rows by itself only under the name INTEGER.
_Sequence = BigInteger().with_variant(Integer, "sqlite")


class EntryRow(Base):
    """An entry; `topic` is the file that brought it, `position` its place there."""

    __tablename__ = "knowledge_entries"

    id = Column(String(60), primary_key=True)
    topic = Column(String(80), nullable=False, index=True)
    position = Column(Integer, nullable=False)
    question = Column(String(200), nullable=False)
    answer = Column(Text, nullable=False)
    tags = Column(JSON, nullable=False)
    alike = Column(JSON, nullable=False)
    products = Column(JSON, nullable=False)
    update_time = Column(UtcDateTime, nullable=False)
    valid_from = Column(UtcDateTime)
    valid_until = Column(UtcDateTime)


class StateRow(Base):
    """One row: the version of the entries, bumped by every import that changes something."""

    __tablename__ = "knowledge_state"
    __table_args__ = (CheckConstraint("id = 1", name="knowledge_state_one"),)

    id = Column(Integer, primary_key=True, autoincrement=False)
    version = Column(Integer, nullable=False)


class VectorRow(Base):
    """The vector of a text (float16) by the encoder `encoder`; `text_hash` is the text's SHA-256."""

    __tablename__ = "knowledge_vectors"

    encoder = Column(String(80), primary_key=True)
    text_hash = Column(String(64), primary_key=True)
    vector = Column(LargeBinary, nullable=False)


class AskedRow(Base):
    """A question that was looked up: what came of it, and whether it helped."""

    __tablename__ = "knowledge_asked"
    __table_args__ = (
        CheckConstraint("outcome IN ('answered', 'near', 'none')", name="knowledge_asked_outcome"),
        Index("knowledge_asked_conversation", "conversation", "at"),
    )

    seq = Column(_Sequence, primary_key=True, autoincrement=True)
    at = Column(UtcDateTime, nullable=False, index=True)
    conversation = Column(String(80), nullable=False)
    text = Column(String(500), nullable=False)
    outcome = Column(String(10), nullable=False)
    entry_id = Column(String(60))
    score = Column(Float, nullable=False)
    helpful = Column(Boolean)
    followed_by = Column(String(10))


class SyncRow(Base):
    """The daily sync: one row a day, made by whoever runs it first; `feed` rows hold what a server said of a file."""

    __tablename__ = "knowledge_syncs"

    name = Column(String(200), primary_key=True)
    at = Column(UtcDateTime, nullable=False)
    details = Column(JSON, nullable=False)
