"""What figures are computed from: contacts, and their sums by day and cut."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Index, Integer, String, Text
from sqlalchemy.orm import declarative_base

from bot.db import UtcDateTime

Base: Any = declarative_base()


class ContactRow(Base):
    """One visit of a customer, see `bot.insight.contact`; `day` is the shop's day of its beginning.

    `repeated` whether the same matter came back within the window, `order_no` the order that is attributed to it.
    """

    __tablename__ = "insight_contacts"
    __table_args__ = (
        Index("insight_contacts_day", "day", "started_at"),
        Index("insight_contacts_customer", "customer", "started_at"),
    )

    conversation_id = Column(String(80), primary_key=True)
    started_at = Column(UtcDateTime, primary_key=True)
    ended_at = Column(UtcDateTime, nullable=False)
    day = Column(Date, nullable=False)
    customer = Column(String(160), nullable=False)
    channel = Column(String(32), nullable=False)
    base = Column(String(32), nullable=False)
    intent = Column(String(40), nullable=False)
    segment = Column(String(60), nullable=False)
    handled_by = Column(String(10), nullable=False)
    agent = Column(String(64), nullable=False)
    customer_messages = Column(Integer, nullable=False)
    bot_messages = Column(Integer, nullable=False)
    agent_messages = Column(Integer, nullable=False)
    first_response_ms = Column(Integer)
    rounds = Column(Integer, nullable=False)
    rounds_ms = Column(BigInteger, nullable=False)
    unclear = Column(Integer, nullable=False)
    lowest_score = Column(Integer)
    handed_off = Column(Boolean, nullable=False)
    handoff_reason = Column(String(40), nullable=False)
    wait_ms = Column(Integer)
    sla_breaches = Column(Integer, nullable=False)
    stars = Column(Integer)
    solved_vote = Column(Boolean)
    repeated = Column(Boolean, nullable=False)
    order_no = Column(String(32))
    order_fen = Column(Integer)
    tasks = Column(Integer, nullable=False)
    tasks_done = Column(Integer, nullable=False)


class _Sums:
    """What is added up over contacts."""

    contacts = Column(Integer, nullable=False)
    responded = Column(Integer, nullable=False)
    response_ms = Column(BigInteger, nullable=False)
    response_on_time = Column(Integer, nullable=False)
    rounds = Column(Integer, nullable=False)
    rounds_ms = Column(BigInteger, nullable=False)
    matters = Column(Integer, nullable=False)
    solved = Column(Integer, nullable=False)
    handed_off = Column(Integer, nullable=False)
    contained = Column(Integer, nullable=False)
    tasks = Column(Integer, nullable=False)
    tasks_done = Column(Integer, nullable=False)
    waited = Column(Integer, nullable=False)
    wait_ms = Column(BigInteger, nullable=False)
    sla_breaches = Column(Integer, nullable=False)
    rated = Column(Integer, nullable=False)
    stars = Column(Integer, nullable=False)
    consultations = Column(Integer, nullable=False)
    orders = Column(Integer, nullable=False)
    order_fen = Column(BigInteger, nullable=False)
    unclear = Column(Integer, nullable=False)
    messages = Column(Integer, nullable=False)
    agent_contacts = Column(Integer, nullable=False)


class DayRow(_Sums, Base):
    """Sums of the contacts of a day in the finest cut, for views with several filters."""

    __tablename__ = "insight_days"

    day = Column(Date, primary_key=True)
    channel = Column(String(32), primary_key=True)
    base = Column(String(32), primary_key=True)
    intent = Column(String(40), primary_key=True)
    segment = Column(String(60), primary_key=True)
    handled_by = Column(String(10), primary_key=True)
    agent = Column(String(64), primary_key=True)


class TotalRow(_Sums, Base):
    """Sums of a day by one `cut` ("all" with the value "", or a column of DayRow): as many rows however busy the day.

    `agent_days` is how many agents had contacts.
    """

    __tablename__ = "insight_totals"

    cut = Column(String(10), primary_key=True)
    day = Column(Date, primary_key=True)
    value = Column(String(64), primary_key=True)
    agent_days = Column(Integer, nullable=False)


class ExposureRow(Base):
    """A customer who saw a variant of an experiment, and when first."""

    __tablename__ = "insight_exposures"

    experiment = Column(String(64), primary_key=True)
    customer = Column(String(160), primary_key=True)
    variant = Column(String(40), primary_key=True)
    first_at = Column(UtcDateTime, nullable=False)


class PeerRow(Base):
    """A month of a shop of the category, as the feed has it."""

    __tablename__ = "insight_peers"

    month = Column(String(7), primary_key=True)
    shop = Column(String(60), primary_key=True)
    conversion_percent = Column(Float, nullable=False)
    response_seconds = Column(Float, nullable=False)
    repurchase_percent = Column(Float, nullable=False)


class ImprovementRow(Base):
    """A line of the improvement list."""

    __tablename__ = "insight_improvements"

    id = Column(Integer, primary_key=True)
    title = Column(String(120), nullable=False)
    note = Column(Text, nullable=False)
    priority = Column(Integer, nullable=False)
    owner = Column(String(60), nullable=False)
    due = Column(Date)
    status = Column(String(10), nullable=False)
    source = Column(String(20), nullable=False)
    changed_at = Column(UtcDateTime, nullable=False)


class AlertRow(Base):
    """A target that was missed on a day; told once."""

    __tablename__ = "insight_alerts"

    day = Column(Date, primary_key=True)
    figure = Column(String(32), primary_key=True)
    value = Column(Float, nullable=False)
    target = Column(Float, nullable=False)
    at = Column(UtcDateTime, nullable=False)
    sent = Column(Boolean, nullable=False)


class StateRow(Base):
    """How far the figures have read: `name` events (seq) or orders; days: first and last whose sums wait."""

    __tablename__ = "insight_state"

    name = Column(String(32), primary_key=True)
    value = Column(String(64), nullable=False)
