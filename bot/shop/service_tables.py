"""Tables of what follows a purchase: tickets, refunds, invoices, price protections, changes, photos."""

from sqlalchemy import JSON, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint

from bot.shop.tables import Base, UtcDateTime


class TicketRow(Base):
    """A service ticket; `details` holds what only its kind has (new_sku, opened, phone, refund_fen, freight_by)."""

    __tablename__ = "service_tickets"
    __table_args__ = (
        Index("service_tickets_account", "channel", "account"),
        CheckConstraint("quantity > 0", name="service_ticket_quantity"),
    )

    no = Column(String(32), primary_key=True)
    kind = Column(String(20), nullable=False, index=True)
    order_no = Column(ForeignKey("orders.no"), index=True)
    sku = Column(ForeignKey("variants.sku"))
    quantity = Column(Integer, nullable=False)
    customer_id = Column(ForeignKey("customers.id"), index=True)
    channel = Column(String(32), nullable=False)
    account = Column(String(128), nullable=False)
    status = Column(String(20), nullable=False)
    reason = Column(String(20), nullable=False)
    note = Column(Text, nullable=False)
    details = Column(JSON, nullable=False)
    created_at = Column(UtcDateTime, nullable=False)
    promised_at = Column(UtcDateTime)


class RefundRow(Base):
    """Money on its way back to the customer; belongs to a ticket or to the order alone."""

    __tablename__ = "refunds"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="refund_amount"),)

    no = Column(String(32), primary_key=True)
    order_no = Column(ForeignKey("orders.no"), nullable=False, index=True)
    ticket_no = Column(ForeignKey("service_tickets.no"), index=True)
    kind = Column(String(20), nullable=False)
    amount_fen = Column(Integer, nullable=False)
    channel = Column(String(20), nullable=False)
    stage = Column(String(20), nullable=False)
    created_at = Column(UtcDateTime, nullable=False)
    expected_at = Column(UtcDateTime)


class StepRow(Base):
    """One step in the history of a ticket or refund, `of_no` being its number."""

    __tablename__ = "service_steps"

    of_no = Column(String(32), primary_key=True)
    position = Column(Integer, primary_key=True, autoincrement=False)
    at = Column(UtcDateTime, nullable=False)
    status = Column(String(20), nullable=False)
    note = Column(String(200), nullable=False)


class InvoiceRow(Base):
    """An invoice; one of each kind for an order."""

    __tablename__ = "invoices"
    __table_args__ = (UniqueConstraint("order_no", "kind", name="invoices_one_of_a_kind"),)

    no = Column(String(32), primary_key=True)
    order_no = Column(ForeignKey("orders.no"), nullable=False)
    kind = Column(String(20), nullable=False)
    title = Column(String(120), nullable=False)
    tax_no = Column(String(18))
    email = Column(String(200))
    amount_fen = Column(Integer, nullable=False)
    status = Column(String(20), nullable=False)
    created_at = Column(UtcDateTime, nullable=False)
    expected_at = Column(UtcDateTime)


class ProtectionRow(Base):
    """The difference paid for a line, once."""

    __tablename__ = "price_protections"

    order_no = Column(ForeignKey("orders.no"), primary_key=True)
    sku = Column(ForeignKey("variants.sku"), primary_key=True)
    paid_fen = Column(Integer, nullable=False)
    now_fen = Column(Integer, nullable=False)
    difference_fen = Column(Integer, nullable=False)
    refund_no = Column(ForeignKey("refunds.no"))
    until_on = Column(Date, nullable=False)
    created_at = Column(UtcDateTime, nullable=False)


class OrderChangeRow(Base):
    """What was changed on an order: `before` and `after` as they were, `difference_fen` what it cost more."""

    __tablename__ = "order_changes"

    id = Column(Integer, primary_key=True)
    order_no = Column(ForeignKey("orders.no"), nullable=False, index=True)
    kind = Column(String(20), nullable=False)
    before = Column(JSON, nullable=False)
    after = Column(JSON, nullable=False)
    difference_fen = Column(Integer, nullable=False)
    changed_at = Column(UtcDateTime, nullable=False)


class PhotoRow(Base):
    """A picture of a ticket; `id` is the SHA-256 of its content, `file` lies under the folder for photos."""

    __tablename__ = "photos"

    ticket_no = Column(ForeignKey("service_tickets.no"), primary_key=True)
    id = Column(String(64), primary_key=True)
    media_type = Column(String(20), nullable=False)
    size = Column(Integer, nullable=False)
    file = Column(String(120), nullable=False)
    stored_at = Column(UtcDateTime, nullable=False)
