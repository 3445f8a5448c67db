"""Tables of the inspection: what came out of each conversation, its findings, appeals, and what came from outside."""

from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import declarative_base

from bot.db import UtcDateTime

Base: Any = declarative_base()


class TalkRow(Base):
    """An inspected conversation: `score` 0 to 100 (None when no criterion applied), `verdicts` criterion → verdict.

    `rules` is the hash of the rules that judged it; `open_until` the last promise that was not due yet.
    """

    __tablename__ = "quality_talks"
    id = Column(String(120), primary_key=True)
    conversation_id = Column(String(80), nullable=False)
    kind = Column(String(8), nullable=False)
    channel = Column(String(32), nullable=False)
    day = Column(Date, nullable=False)
    started_at = Column(UtcDateTime, nullable=False)
    ended_at = Column(UtcDateTime, nullable=False)
    agent = Column(String(64), nullable=False)
    handled_by = Column(String(10), nullable=False)
    messages = Column(Integer, nullable=False)
    rules = Column(String(16), nullable=False)
    score = Column(Float)
    lost = Column(Float, nullable=False)
    verdicts = Column(JSON, nullable=False)
    open_until = Column(UtcDateTime)
    __table_args__ = (
        Index("ix_quality_talks_day", "day", "score"),
        Index("ix_quality_talks_agent", "agent", "day"),
    )


class FindingRow(Base):
    """A criterion that was not met: the quote is `quote`, at `offset` of message `number`; `overturned` by appeal."""

    __tablename__ = "quality_findings"
    talk_id = Column(String(120), ForeignKey("quality_talks.id", ondelete="CASCADE"), primary_key=True)
    criterion = Column(String(40), primary_key=True)
    day = Column(Date, nullable=False)
    agent = Column(String(64), nullable=False)
    side = Column(String(10), nullable=False)
    points = Column(Float, nullable=False)
    number = Column(Integer, nullable=False)
    offset = Column(Integer, nullable=False)
    quote = Column(Text, nullable=False)
    message = Column(Text, nullable=False)
    said_at = Column(UtcDateTime, nullable=False)
    suggestion = Column(Text, nullable=False)
    overturned = Column(Boolean, nullable=False)
    __table_args__ = (
        Index("ix_quality_findings_day", "day", "criterion"),
        Index("ix_quality_findings_agent", "agent", "day"),
    )


class DayRow(Base):
    """Sums of a day by agent ("" is the bot), kind and criterion; the criterion "" counts conversations and scores."""

    __tablename__ = "quality_days"
    day = Column(Date, primary_key=True)
    kind = Column(String(8), primary_key=True)
    agent = Column(String(64), primary_key=True)
    criterion = Column(String(40), primary_key=True)
    passed = Column(Integer, nullable=False)
    failed = Column(Integer, nullable=False)
    score_sum = Column(Float, nullable=False)


class AppealRow(Base):
    """An agent's objection to a finding: open, accepted or rejected."""

    __tablename__ = "quality_appeals"
    id = Column(Integer, primary_key=True)
    talk_id = Column(String(120), nullable=False)
    criterion = Column(String(40), nullable=False)
    agent = Column(String(64), nullable=False)
    reason = Column(Text, nullable=False)
    made_at = Column(UtcDateTime, nullable=False)
    status = Column(String(10), nullable=False)
    decided_by = Column(String(64))
    decided_at = Column(UtcDateTime)
    answer = Column(Text, nullable=False)
    __table_args__ = (
        Index("ix_quality_appeals_finding", "talk_id", "criterion"),
        Index("ix_quality_appeals_status", "status", "made_at"),
    )


class OutsideRow(Base):
    """A conversation that was not held here: a call's transcript, a chat of another system; personal data masked.

    `lines` are {"side", "at" (ISO UTC), "end", "text", "agent", "intent", "score"}, `facts` {"at", "kind"}.
    """

    __tablename__ = "quality_outside"
    id = Column(String(80), primary_key=True)
    kind = Column(String(8), nullable=False)
    channel = Column(String(32), nullable=False)
    agent = Column(String(64), nullable=False)
    customer = Column(String(64), nullable=False)
    source = Column(String(200), nullable=False)
    started_at = Column(UtcDateTime, nullable=False)
    seconds = Column(Float, nullable=False)
    lines = Column(JSON, nullable=False)
    facts = Column(JSON, nullable=False)
    __table_args__ = (Index("ix_quality_outside_started", "started_at"),)
