"""Tables of the conversations: who owns each, its messages, what waits to be sent, and what the desk must hear of."""

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import declarative_base

from bot.shop.tables import UtcDateTime

Base: Any = declarative_base()
_Json = JSON(none_as_null=True)


class Conversation(Base):
    """One customer's chat.

    `address` tells the channel where to send; without one (web page) the log itself is what the customer's page reads.
    `handoff` is a request for a person that waits for the end of the bot's turn. `version` grows with each change of
    owner or agent, `session` with each fresh start. `worker` holds the inbox until `worker_until` (real time, not the
    shop's clock). `unanswered_since` is the time of the first message of the customer that no person answered yet; by
    `answer_by` a person must have, and the agents in `tried` had the chat and did not. At `survey_due` the customer is
    asked how it was, unless something happens before.
    """

    __tablename__ = "conversations"
    id = Column(String(64), primary_key=True)
    channel = Column(String(32), nullable=False)
    account = Column(String(128), nullable=False)
    address = Column(_Json)
    last_number = Column(Integer, nullable=False, default=0)
    created_at = Column(UtcDateTime, nullable=False)
    session = Column(Integer, nullable=False, default=1)
    owner = Column(String(16), nullable=False, default="bot")
    version = Column(Integer, nullable=False, default=0)
    agent_id = Column(String(64))
    wanted_agent = Column(String(64))
    category = Column(String(64), nullable=False, default="")
    priority = Column(Integer, nullable=False, default=0)
    vip = Column(Boolean, nullable=False, default=False)
    waiting_since = Column(UtcDateTime)
    assigned_at = Column(UtcDateTime)
    answer_by = Column(UtcDateTime)
    escalations = Column(Integer, nullable=False, default=0)
    unanswered_since = Column(UtcDateTime)
    last_agent_at = Column(UtcDateTime)
    read_number = Column(Integer, nullable=False, default=0)
    tried = Column(JSON, nullable=False, default=list)
    tags = Column(JSON, nullable=False, default=list)
    note = Column(_Json)
    handoff = Column(_Json)
    survey_due = Column(UtcDateTime)
    worker = Column(String(128))
    worker_until = Column(Float)
    __table_args__ = (
        UniqueConstraint("channel", "account"),
        Index("ix_conversations_queue", "owner", "priority", "waiting_since"),
        Index("ix_conversations_agent", "agent_id", "owner"),
        Index("ix_conversations_survey", "survey_due"),
    )


class Message(Base):
    """One message; `state` of a customer's: "waiting" for the bot, "passed" to a person, "done"; of others "done"."""

    __tablename__ = "conversation_messages"
    id = Column(Integer, primary_key=True)
    conversation_id = Column(String(64), ForeignKey("conversations.id"), nullable=False)
    number = Column(Integer, nullable=False)
    author = Column(String(16), nullable=False)
    sender = Column(String(64))
    client_id = Column(String(128))
    answers = Column(Integer)
    content = Column(JSON, nullable=False)
    request = Column(_Json)
    state = Column(String(16), nullable=False, default="done")
    created_at = Column(UtcDateTime, nullable=False)
    __table_args__ = (
        UniqueConstraint("conversation_id", "number"),
        UniqueConstraint("conversation_id", "client_id"),
        Index("ix_conversation_messages_state", "state"),
    )


class Delivery(Base):
    """A message on its way to the customer: "waiting", "sending" (held by `worker`), "sent" or "failed"."""

    __tablename__ = "conversation_deliveries"
    id = Column(Integer, primary_key=True)
    conversation_id = Column(String(64), nullable=False)
    number = Column(Integer, nullable=False)
    channel = Column(String(32), nullable=False)
    state = Column(String(16), nullable=False, default="waiting")
    attempts = Column(Integer, nullable=False, default=0)
    next_at = Column(Float, nullable=False, default=0.0)
    worker = Column(String(128))
    worker_until = Column(Float)
    platform_id = Column(String(128))
    error = Column(String(500))
    __table_args__ = (
        ForeignKeyConstraint(
            ["conversation_id", "number"], ["conversation_messages.conversation_id", "conversation_messages.number"]
        ),
        UniqueConstraint("conversation_id", "number"),
        Index("ix_conversation_deliveries_state", "channel", "state", "next_at"),
    )


class Event(Base):
    """What the desk must hear of, numbered without gaps in the order of the commits."""

    __tablename__ = "conversation_events"
    number = Column(Integer, primary_key=True, autoincrement=False)
    at = Column(UtcDateTime, nullable=False)
    kind = Column(String(16), nullable=False)
    conversation_id = Column(String(64))
    agent_id = Column(String(64))
    data = Column(JSON, nullable=False)
    __table_args__ = (
        Index("ix_conversation_events_at", "at"),
        Index("ix_conversation_events_conversation", "conversation_id", "kind"),
    )


class Counter(Base):
    """Named numbers: the last event, how long customers wait for an answer of late."""

    __tablename__ = "conversation_counters"
    name = Column(String(64), primary_key=True)
    value = Column(Float, nullable=False)


class Agent(Base):
    """A person at the desk as routing sees her; names and passwords belong to the desk.

    `skills` are categories ([] means all), `satisfaction` is 0 to 1, `seen_at` real time of the last sign of life.
    """

    __tablename__ = "conversation_agents"
    id = Column(String(64), primary_key=True)
    name = Column(String(64), nullable=False)
    presence = Column(String(16), nullable=False, default="offline")
    supervisor = Column(Boolean, nullable=False, default=False)
    skills = Column(JSON, nullable=False, default=list)
    dedicated = Column(JSON, nullable=False, default=list)
    capacity = Column(Integer, nullable=False, default=5)
    satisfaction = Column(Float, nullable=False, default=1.0)
    last_assigned_at = Column(Float, nullable=False, default=0.0)
    seen_at = Column(Float, nullable=False, default=0.0)


class Ticket(Base):
    """A request that nobody could take at once: "open", "taken" by an agent, "done"."""

    __tablename__ = "conversation_tickets"
    id = Column(Integer, primary_key=True)
    conversation_id = Column(String(64), ForeignKey("conversations.id"), nullable=False)
    state = Column(String(16), nullable=False, default="open")
    category = Column(String(64), nullable=False, default="")
    priority = Column(Integer, nullable=False, default=0)
    note = Column(_Json)
    from_number = Column(Integer, nullable=False, default=0)
    agent_id = Column(String(64))
    created_at = Column(UtcDateTime, nullable=False)
    closed_at = Column(UtcDateTime)
    __table_args__ = (Index("ix_conversation_tickets_state", "state", "priority", "created_at"),)


class Survey(Base):
    """Asking a customer how it was. `step`: what is asked now ("stars", "solved", "comment"), or "done".

    `number` is the message with the question, `agent_id` who closed the chat (None: the bot answered alone).
    """

    __tablename__ = "conversation_surveys"
    id = Column(Integer, primary_key=True)
    conversation_id = Column(String(64), ForeignKey("conversations.id"), nullable=False)
    agent_id = Column(String(64))
    step = Column(String(16), nullable=False)
    asked_at = Column(UtcDateTime, nullable=False)
    number = Column(Integer, nullable=False)
    reminded = Column(Boolean, nullable=False, default=False)
    stars = Column(Integer)
    solved = Column(Boolean)
    comment = Column(String(2000))
    __table_args__ = (
        Index("ix_conversation_surveys_conversation", "conversation_id"),
        Index("ix_conversation_surveys_step", "step", "asked_at"),
    )


class Lease(Base):
    """A task that one process does at a time, `until` a real time."""

    __tablename__ = "conversation_leases"
    name = Column(String(64), primary_key=True)
    worker = Column(String(128))
    until = Column(Float)
