"""Tables of what the shop knows of its customers: RFM, offers made, wishes, their choices, privacy requests."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, UniqueConstraint

from bot.shop.tables import Base, UtcDateTime


class RfmRow(Base):
    """Recency, frequency and monetary of a customer, as `bot.shop.segments.rfm` defines them.

    `recency_days` is that of `computed_at`; whoever needs today's takes `last_paid_at`.
    """

    __tablename__ = "customer_rfm"

    customer_id = Column(ForeignKey("customers.id"), primary_key=True)
    last_paid_at = Column(UtcDateTime)
    recency_days = Column(Integer, index=True)
    frequency = Column(Integer, nullable=False)
    monetary_fen = Column(Integer, nullable=False)
    computed_at = Column(UtcDateTime, nullable=False)


class OfferRow(Base):
    """One offer that was said, and what became of it (`outcome` is a key of `bot.shop.offers.OUTCOMES`).

    `order_no` is the order it led to, or the unpaid one that it was about; `discount_fen` what its coupon took off.
    """

    __tablename__ = "offers"
    __table_args__ = (
        Index("offers_of_customer", "customer_id", "shown_at"),
        Index("offers_by_script", "script", "shown_at"),
    )

    id = Column(String(32), primary_key=True)
    script = Column(String(60), nullable=False)
    situation = Column(String(20), nullable=False)
    segment = Column(String(60), nullable=False)
    customer_id = Column(ForeignKey("customers.id"), nullable=False)
    channel = Column(String(32), nullable=False)
    product_id = Column(String(32))
    coupon_id = Column(ForeignKey("coupons.id"), index=True)
    shown_at = Column(UtcDateTime, nullable=False)
    outcome = Column(String(10), nullable=False)
    outcome_at = Column(UtcDateTime)
    order_no = Column(ForeignKey("orders.no"), index=True)
    amount_fen = Column(Integer, nullable=False, default=0, server_default="0")
    discount_fen = Column(Integer, nullable=False, default=0, server_default="0")


class WishRow(Base):
    """A sold-out variant that a customer asked for; `told_at` when it was said that it is back."""

    __tablename__ = "wishes"
    __table_args__ = (UniqueConstraint("customer_id", "sku", name="wishes_once"),)

    id = Column(Integer, primary_key=True)
    customer_id = Column(ForeignKey("customers.id"), nullable=False)
    sku = Column(ForeignKey("variants.sku"), nullable=False, index=True)
    channel = Column(String(32), nullable=False)
    account = Column(String(128), nullable=False)
    asked_at = Column(UtcDateTime, nullable=False)
    told_at = Column(UtcDateTime)


class ChoiceRow(Base):
    """What a customer wants of the shop: `offers_off_at` since when no offers."""

    __tablename__ = "customer_choices"

    customer_id = Column(ForeignKey("customers.id"), primary_key=True)
    offers_off_at = Column(UtcDateTime)


class PrivacyRow(Base):
    """A privacy request that was answered: `action` is shown or erased, `details` counts, never contents."""

    __tablename__ = "privacy_requests"

    id = Column(Integer, primary_key=True)
    customer_id = Column(String(32), nullable=False, index=True)
    channel = Column(String(32), nullable=False)
    action = Column(String(10), nullable=False)
    details = Column(JSON, nullable=False)
    at = Column(UtcDateTime, nullable=False)
