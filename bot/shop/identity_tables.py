"""Tables of identity and of repeated requests: tries, grants, requests that were done."""

from sqlalchemy import JSON, Column, Integer, String

from bot.shop.tables import Base, UtcDateTime


class TryRow(Base):
    """How often order number and phone were wrong inside a window, by account and by order."""

    __tablename__ = "owner_tries"

    scope = Column(String(10), primary_key=True)
    key = Column(String(180), primary_key=True)
    tries = Column(Integer, nullable=False)
    window_ends_at = Column(UtcDateTime, nullable=False, index=True)


class GrantRow(Base):
    """An account that proved to own an order, until a moment."""

    __tablename__ = "owner_grants"

    channel = Column(String(32), primary_key=True)
    account = Column(String(128), primary_key=True)
    order_no = Column(String(32), primary_key=True)
    expires_at = Column(UtcDateTime, nullable=False)


class DoneRow(Base):
    """A request that was carried out, and its answer for whoever sends it again."""

    __tablename__ = "done_requests"

    channel = Column(String(32), primary_key=True)
    account = Column(String(128), primary_key=True)
    idempotency_key = Column(String(128), primary_key=True)
    request = Column(String(64), nullable=False)
    answer = Column(JSON)
    done_at = Column(UtcDateTime, nullable=False)
