"""Tables of the trade: customers and their accounts, orders, parcels."""

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Integer, String, UniqueConstraint

from bot.shop.tables import Base, UtcDateTime


class CustomerRow(Base):
    """A person known to the shop; with `erased_at` nothing is left but a number that orders hang on."""

    __tablename__ = "customers"

    id = Column(String(32), primary_key=True)
    name = Column(String(60), nullable=False)
    phone = Column(String(20), nullable=False, index=True)
    city = Column(String(30), nullable=False)
    created_at = Column(UtcDateTime, nullable=False)
    erased_at = Column(UtcDateTime)


class AccountRow(Base):
    """A channel's account that belongs to a customer."""

    __tablename__ = "accounts"

    channel = Column(String(32), primary_key=True)
    account = Column(String(128), primary_key=True)
    customer_id = Column(ForeignKey("customers.id"), nullable=False, index=True)


class OrderRow(Base):
    """An order; a guest's has an account but no customer.

    `amount_fen` holds the shipping fee and is what the customer pays; `due_fen` of a paid order is still to be paid.
    """

    __tablename__ = "orders"
    __table_args__ = (
        # An account's own key: one customer's key can never show another's order.
        UniqueConstraint("channel", "account", "idempotency_key", name="orders_idempotency"),
        Index("orders_unpaid", "status", "pay_before"),
    )

    no = Column(String(32), primary_key=True)
    customer_id = Column(ForeignKey("customers.id"), index=True)
    channel = Column(String(32), nullable=False)
    account = Column(String(128), nullable=False)
    status = Column(String(20), nullable=False)
    amount_fen = Column(Integer, nullable=False)
    discount_fen = Column(Integer, nullable=False)
    idempotency_key = Column(String(128), nullable=False)
    created_at = Column(UtcDateTime, nullable=False, index=True)
    ship_by = Column(UtcDateTime)
    pay_before = Column(UtcDateTime)
    paid_at = Column(UtcDateTime)
    shipped_at = Column(UtcDateTime)
    delivered_at = Column(UtcDateTime)
    cancelled_at = Column(UtcDateTime)
    warehouse_id = Column(ForeignKey("warehouses.id"), nullable=False)
    address = Column(String(200))
    city = Column(String(30))
    phone = Column(String(20))
    pay_method = Column(String(20))
    shipping_fen = Column(Integer, nullable=False, default=0, server_default="0")
    due_fen = Column(Integer, nullable=False, default=0, server_default="0")
    urged_until = Column(UtcDateTime)


class OrderLineRow(Base):
    """One variant of an order; `price_fen` is the unit price of that day."""

    __tablename__ = "order_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="order_line_quantity"),)

    order_no = Column(ForeignKey("orders.no"), primary_key=True)
    sku = Column(ForeignKey("variants.sku"), primary_key=True)
    quantity = Column(Integer, nullable=False)
    price_fen = Column(Integer, nullable=False)


class ParcelRow(Base):
    """A parcel; `traces` is a list of {"time": ISO UTC, "text": …}, oldest first."""

    __tablename__ = "parcels"

    no = Column(String(40), primary_key=True)
    order_no = Column(ForeignKey("orders.no"), nullable=False, index=True)
    carrier = Column(String(30), nullable=False)
    status = Column(String(20), nullable=False)
    traces = Column(JSON, nullable=False)
