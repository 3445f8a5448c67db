"""Tables of what the processes of one channel share; `bot.channels.shared` reads and writes them."""

from typing import Any

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Text
from sqlalchemy.orm import declarative_base

Base: Any = declarative_base()


class Seen(Base):
    """Something that may happen once only until `expires_at` (seconds since 1970)."""

    __tablename__ = "channel_seen"
    key = Column(String(191), primary_key=True)
    expires_at = Column(Float, nullable=False, index=True)


class Value(Base):
    """A value under a name, such as an access token or how far messages were read."""

    __tablename__ = "channel_values"
    key = Column(String(191), primary_key=True)
    value = Column(Text, nullable=False)
    expires_at = Column(Float)


class Quota(Base):
    """How many messages the platform still lets us send to a customer, and until when."""

    __tablename__ = "channel_quotas"
    key = Column(String(191), primary_key=True)
    left = Column(Integer, nullable=False)
    expires_at = Column(Float, nullable=False)


class MediaFile(Base):
    """A customer's file to fetch from the platform: "waiting", "here" or "gone"; `reference` is the channel's."""

    __tablename__ = "channel_media"
    name = Column(String(64), primary_key=True)
    channel = Column(String(32), nullable=False)
    reference = Column(JSON, nullable=False)
    state = Column(String(16), nullable=False, default="waiting")
    attempts = Column(Integer, nullable=False, default=0)
    next_at = Column(Float, nullable=False, default=0.0)
    __table_args__ = (Index("ix_channel_media_state", "channel", "state", "next_at"),)
