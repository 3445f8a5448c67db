"""What the shop knows of its customers: RFM, offers, personal coupons, wishes, choices; successors of goods."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this version."""
    with op.batch_alter_table("products") as batch_op:
        batch_op.add_column(sa.Column("launched_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("successor_id", sa.String(length=32), nullable=True))
    with op.batch_alter_table("customers") as batch_op:
        batch_op.add_column(sa.Column("erased_at", sa.DateTime(), nullable=True))
    with op.batch_alter_table("coupons") as batch_op:
        batch_op.add_column(sa.Column("terms", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("expires_at", sa.DateTime(), nullable=True))
        batch_op.alter_column("promotion_id", existing_type=sa.String(length=32), nullable=True)
    op.create_table(
        "customer_rfm",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("last_paid_at", sa.DateTime(), nullable=True),
        sa.Column("recency_days", sa.Integer(), nullable=True),
        sa.Column("frequency", sa.Integer(), nullable=False),
        sa.Column("monetary_fen", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.PrimaryKeyConstraint("customer_id"),
    )
    op.create_index("ix_customer_rfm_recency_days", "customer_rfm", ["recency_days"])
    op.create_table(
        "customer_choices",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("offers_off_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.PrimaryKeyConstraint("customer_id"),
    )
    op.create_table(
        "wishes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("sku", sa.String(length=48), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.ForeignKeyConstraint(["sku"], ["variants.sku"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer_id", "sku", name="wishes_once"),
    )
    op.create_index("ix_wishes_sku", "wishes", ["sku"])
    op.create_table(
        "offers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("script", sa.String(length=60), nullable=False),
        sa.Column("situation", sa.String(length=20), nullable=False),
        sa.Column("segment", sa.String(length=60), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("product_id", sa.String(length=32), nullable=True),
        sa.Column("coupon_id", sa.String(length=32), nullable=True),
        sa.Column("shown_at", sa.DateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("outcome_at", sa.DateTime(), nullable=True),
        sa.Column("order_no", sa.String(length=32), nullable=True),
        sa.Column("amount_fen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("discount_fen", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.id"]),
        sa.ForeignKeyConstraint(["order_no"], ["orders.no"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("offers_of_customer", "offers", ["customer_id", "shown_at"])
    op.create_index("offers_by_script", "offers", ["script", "shown_at"])
    op.create_index("ix_offers_coupon_id", "offers", ["coupon_id"])
    op.create_index("ix_offers_order_no", "offers", ["order_no"])
    op.create_table(
        "privacy_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_privacy_requests_customer_id", "privacy_requests", ["customer_id"])


def downgrade() -> None:
    """Take this version back; personal coupons, which the older version does not know, are dropped."""
    op.drop_table("privacy_requests")
    op.drop_table("offers")
    op.drop_table("wishes")
    op.drop_table("customer_choices")
    op.drop_table("customer_rfm")
    op.execute("DELETE FROM coupons WHERE promotion_id IS NULL")
    with op.batch_alter_table("coupons") as batch_op:
        batch_op.alter_column("promotion_id", existing_type=sa.String(length=32), nullable=False)
        batch_op.drop_column("expires_at")
        batch_op.drop_column("terms")
    # Plain, for SQLite cannot make a table anew that others refer to.
    op.drop_column("customers", "erased_at")
    op.drop_column("products", "successor_id")
    op.drop_column("products", "launched_on")
