"""Tables of the desk: accounts, who is signed in, what was done, quick phrases."""

from typing import Any

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import declarative_base

from bot.shop.tables import UtcDateTime

Base: Any = declarative_base()


class Account(Base):
    """A person who may sign in; `id` is the name to sign in with, in lower case."""

    __tablename__ = "desk_accounts"
    id = Column(String(64), primary_key=True)
    name = Column(String(64), nullable=False)
    role = Column(String(16), nullable=False)
    password = Column(String(255), nullable=False)
    must_change = Column(Boolean, nullable=False, default=True)
    disabled = Column(Boolean, nullable=False, default=False)
    created_at = Column(UtcDateTime, nullable=False)


class SignedIn(Base):
    """A session of an account; of its token only the hash is kept."""

    __tablename__ = "desk_sessions"
    token_hash = Column(String(64), primary_key=True)
    account_id = Column(String(64), ForeignKey("desk_accounts.id"), nullable=False)
    csrf = Column(String(64), nullable=False)
    created_at = Column(UtcDateTime, nullable=False)
    seen_at = Column(UtcDateTime, nullable=False)
    __table_args__ = (Index("ix_desk_sessions_account", "account_id"),)


class Audit(Base):
    """Who did what to whom, when and from where."""

    __tablename__ = "desk_audit"
    id = Column(Integer, primary_key=True)
    at = Column(UtcDateTime, nullable=False)
    account_id = Column(String(64), nullable=False)
    address = Column(String(64), nullable=False, default="")
    action = Column(String(32), nullable=False)
    object = Column(String(64), nullable=False, default="")
    details = Column(JSON, nullable=False, default=dict)
    __table_args__ = (
        Index("ix_desk_audit_account", "account_id", "action", "at"),
        Index("ix_desk_audit_address", "address", "action", "at"),
    )


class Phrase(Base):
    """A quick phrase: of one account, or shared by all without one."""

    __tablename__ = "desk_phrases"
    id = Column(Integer, primary_key=True)
    account_id = Column(String(64), ForeignKey("desk_accounts.id"))
    title = Column(String(64), nullable=False)
    text = Column(Text, nullable=False)
    __table_args__ = (Index("ix_desk_phrases_account", "account_id"),)
