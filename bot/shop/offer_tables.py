"""Tables of advice before a purchase: coupons, size charts, shipping rules, origin of goods."""

from sqlalchemy import JSON, Boolean, Column, Date, Float, ForeignKey, Integer, String, UniqueConstraint

from bot.shop.tables import Base, UtcDateTime


class CouponRow(Base):
    """A coupon that a customer has; one of each promotion.

    A personal one has no promotion but `terms` of its own ({name, over_fen, minus_fen, percent, scope}) and an end.
    """

    __tablename__ = "coupons"
    __table_args__ = (UniqueConstraint("promotion_id", "customer_id", name="coupons_one_per_customer"),)

    id = Column(String(32), primary_key=True)
    promotion_id = Column(ForeignKey("promotions.id"))
    terms = Column(JSON(none_as_null=True))
    expires_at = Column(UtcDateTime)
    customer_id = Column(ForeignKey("customers.id"), nullable=False, index=True)
    claimed_at = Column(UtcDateTime, nullable=False)
    used_at = Column(UtcDateTime)
    order_no = Column(ForeignKey("orders.no"))


class SizeRow(Base):
    """One measure of a size: height in cm, weight in kg, foot in mm; `low` ≤ value < `high`."""

    __tablename__ = "size_charts"

    product_id = Column(ForeignKey("products.id"), primary_key=True)
    size = Column(String(20), primary_key=True)
    measure = Column(String(10), primary_key=True)
    low = Column(Float, nullable=False)
    high = Column(Float, nullable=False)


class ShippingRuleRow(Base):
    """Fee and days from a warehouse to a province; "*" is every other province."""

    __tablename__ = "shipping_rules"

    warehouse_id = Column(ForeignKey("warehouses.id"), primary_key=True)
    region = Column(String(30), primary_key=True)
    carrier = Column(String(30), nullable=False)
    served = Column(Boolean, nullable=False)
    not_for = Column(JSON, nullable=False)
    days_min = Column(Integer, nullable=False)
    days_max = Column(Integer, nullable=False)
    first_grams = Column(Integer, nullable=False)
    first_fen = Column(Integer, nullable=False)
    step_grams = Column(Integer, nullable=False)
    step_fen = Column(Integer, nullable=False)
    free_over_fen = Column(Integer)


class OriginRow(Base):
    """Where a product comes from and what proves it."""

    __tablename__ = "product_origins"

    product_id = Column(ForeignKey("products.id"), primary_key=True)
    source = Column(String(60), nullable=False)
    licence = Column(String(120), nullable=False)
    licence_until = Column(Date)
    batch = Column(String(60), nullable=False)
    inspection = Column(String(120), nullable=False)
