"""Tables of the chat log; `bot.channels.log` reads and writes them."""

from typing import Any

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import declarative_base

Base: Any = declarative_base()


class Conversation(Base):
    """One customer's chat; `last_number` counts its messages."""

    __tablename__ = "chat_conversations"
    id = Column(String(64), primary_key=True)
    channel = Column(String(32), nullable=False)
    last_number = Column(Integer, nullable=False, default=0)
    created_at = Column(DateTime, nullable=False)


class Message(Base):
    """One message; `state` is "waiting" for a customer's message that the bot has not worked through, else "done"."""

    __tablename__ = "chat_messages"
    id = Column(Integer, primary_key=True)
    conversation_id = Column(String(64), ForeignKey("chat_conversations.id"), nullable=False)
    number = Column(Integer, nullable=False)
    author = Column(String(16), nullable=False)
    client_id = Column(String(64))
    answers = Column(Integer)
    content = Column(JSON, nullable=False)
    request = Column(JSON(none_as_null=True))
    state = Column(String(16), nullable=False, default="done")
    created_at = Column(DateTime, nullable=False)
    __table_args__ = (
        UniqueConstraint("conversation_id", "number"),
        UniqueConstraint("conversation_id", "client_id"),
        Index("ix_chat_messages_state", "state"),
    )
