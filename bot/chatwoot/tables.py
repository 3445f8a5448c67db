"""Tables of the bridge to Chatwoot: which conversation is which there, what is on its way, how far the log was read."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import declarative_base

Base: Any = declarative_base()


class Link(Base):
    """A conversation's counterpart.

    `seen_id`: up to this message there all were looked at; `heard`: those after it that were (ids). `sent_id`: the last
    one that is known to have come from here. `theirs`: people there are to answer now. `look_at` (real time): when to
    look there next.
    """

    __tablename__ = "chatwoot_links"
    conversation_id = Column(String(64), primary_key=True)
    contact_id = Column(BigInteger)
    source_id = Column(String(128))
    remote_id = Column(BigInteger)
    seen_id = Column(BigInteger, nullable=False, default=0)
    heard = Column(JSON, nullable=False, default=list)
    sent_id = Column(BigInteger, nullable=False, default=0)
    theirs = Column(Boolean, nullable=False, default=False)
    look_at = Column(Float)
    failures = Column(Integer, nullable=False, default=0)
    __table_args__ = (Index("ix_chatwoot_links_remote", "remote_id"), Index("ix_chatwoot_links_look", "look_at"))


class Parcel(Base):
    """Something on its way to Chatwoot, in order of `id` within a conversation; `key` happens once.

    `kind`: "note" (private), "message" (the customer's), "status". `state`: "waiting", "sending", "sent" or "failed".
    """

    __tablename__ = "chatwoot_parcels"
    id = Column(Integer, primary_key=True)
    conversation_id = Column(String(64), nullable=False)
    key = Column(String(64), nullable=False)
    kind = Column(String(16), nullable=False)
    content = Column(JSON, nullable=False)
    state = Column(String(16), nullable=False, default="waiting")
    attempts = Column(Integer, nullable=False, default=0)
    next_at = Column(Float, nullable=False, default=0.0)
    error = Column(String(500))
    __table_args__ = (
        UniqueConstraint("conversation_id", "key"),
        Index("ix_chatwoot_parcels_state", "state", "next_at"),
    )


class Erasure(Base):
    """A contact there that is to be deleted, because the person's data were erased here."""

    __tablename__ = "chatwoot_erasures"
    contact_id = Column(BigInteger, primary_key=True, autoincrement=False)
    attempts = Column(Integer, nullable=False, default=0)
    next_at = Column(Float, nullable=False, default=0.0)


class Reading(Base):
    """The one row: events of the conversations' log up to `number` are parcelled; `worker` does so until `until`."""

    __tablename__ = "chatwoot_reading"
    id = Column(Integer, primary_key=True)
    number = Column(BigInteger)
    worker = Column(String(128))
    until = Column(Float)
