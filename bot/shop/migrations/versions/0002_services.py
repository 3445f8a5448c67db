"""What surrounds a purchase: service tickets, refunds, invoices, identity, coupons, sizes, shipping."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this version."""
    op.create_table(
        "done_requests",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("done_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account", "idempotency_key"),
    )
    op.create_table(
        "owner_grants",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account", "order_no"),
    )
    op.create_table(
        "owner_tries",
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=180), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("window_ends_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key"),
    )
    op.create_index("ix_owner_tries_window_ends_at", "owner_tries", ["window_ends_at"])

    op.create_table(
        "service_steps",
        sa.Column("of_no", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("of_no", "position"),
    )
    op.create_table(
        "product_origins",
        sa.Column("product_id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("licence", sa.String(length=120), nullable=False),
        sa.Column("licence_until", sa.Date(), nullable=True),
        sa.Column("batch", sa.String(length=60), nullable=False),
        sa.Column("inspection", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
        ),
        sa.PrimaryKeyConstraint("product_id"),
    )
    op.create_table(
        "shipping_rules",
        sa.Column("warehouse_id", sa.String(length=16), nullable=False),
        sa.Column("region", sa.String(length=30), nullable=False),
        sa.Column("carrier", sa.String(length=30), nullable=False),
        sa.Column("served", sa.Boolean(), nullable=False),
        sa.Column("not_for", sa.JSON(), nullable=False),
        sa.Column("days_min", sa.Integer(), nullable=False),
        sa.Column("days_max", sa.Integer(), nullable=False),
        sa.Column("first_grams", sa.Integer(), nullable=False),
        sa.Column("first_fen", sa.Integer(), nullable=False),
        sa.Column("step_grams", sa.Integer(), nullable=False),
        sa.Column("step_fen", sa.Integer(), nullable=False),
        sa.Column("free_over_fen", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["warehouse_id"],
            ["warehouses.id"],
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "region"),
    )
    op.create_table(
        "size_charts",
        sa.Column("product_id", sa.String(length=32), nullable=False),
        sa.Column("size", sa.String(length=20), nullable=False),
        sa.Column("measure", sa.String(length=10), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
        ),
        sa.PrimaryKeyConstraint("product_id", "size", "measure"),
    )
    op.create_table(
        "coupons",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("promotion_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("claimed_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.Column("order_no", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["orders.no"],
        ),
        sa.ForeignKeyConstraint(
            ["promotion_id"],
            ["promotions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("promotion_id", "customer_id", name="coupons_one_per_customer"),
    )
    op.create_index("ix_coupons_customer_id", "coupons", ["customer_id"])

    op.create_table(
        "invoices",
        sa.Column("no", sa.String(length=32), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("tax_no", sa.String(length=18), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expected_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["orders.no"],
        ),
        sa.PrimaryKeyConstraint("no"),
        sa.UniqueConstraint("order_no", "kind", name="invoices_one_of_a_kind"),
    )
    op.create_table(
        "order_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("difference_fen", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["orders.no"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_order_changes_order_no", "order_changes", ["order_no"])

    op.create_table(
        "service_tickets",
        sa.Column("no", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=True),
        sa.Column("sku", sa.String(length=48), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("promised_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("quantity > 0", name="service_ticket_quantity"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["orders.no"],
        ),
        sa.ForeignKeyConstraint(
            ["sku"],
            ["variants.sku"],
        ),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_index("ix_service_tickets_customer_id", "service_tickets", ["customer_id"])
    op.create_index("ix_service_tickets_kind", "service_tickets", ["kind"])
    op.create_index("ix_service_tickets_order_no", "service_tickets", ["order_no"])
    op.create_index("service_tickets_account", "service_tickets", ["channel", "account"])

    op.create_table(
        "photos",
        sa.Column("ticket_no", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=20), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=120), nullable=False),
        sa.Column("stored_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_no"],
            ["service_tickets.no"],
        ),
        sa.PrimaryKeyConstraint("ticket_no", "id"),
    )
    op.create_table(
        "refunds",
        sa.Column("no", sa.String(length=32), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=False),
        sa.Column("ticket_no", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expected_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name="refund_amount"),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["orders.no"],
        ),
        sa.ForeignKeyConstraint(
            ["ticket_no"],
            ["service_tickets.no"],
        ),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_index("ix_refunds_order_no", "refunds", ["order_no"])
    op.create_index("ix_refunds_ticket_no", "refunds", ["ticket_no"])

    op.create_table(
        "price_protections",
        sa.Column("order_no", sa.String(length=32), nullable=False),
        sa.Column("sku", sa.String(length=48), nullable=False),
        sa.Column("paid_fen", sa.Integer(), nullable=False),
        sa.Column("now_fen", sa.Integer(), nullable=False),
        sa.Column("difference_fen", sa.Integer(), nullable=False),
        sa.Column("refund_no", sa.String(length=32), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"],
            ["orders.no"],
        ),
        sa.ForeignKeyConstraint(
            ["refund_no"],
            ["refunds.no"],
        ),
        sa.ForeignKeyConstraint(
            ["sku"],
            ["variants.sku"],
        ),
        sa.PrimaryKeyConstraint("order_no", "sku"),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("city", sa.String(length=30), nullable=True))
        batch_op.add_column(sa.Column("phone", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("pay_method", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("shipping_fen", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("due_fen", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("urged_until", sa.DateTime(), nullable=True))


def downgrade() -> None:
    """Take this version back."""
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("urged_until")
        batch_op.drop_column("due_fen")
        batch_op.drop_column("shipping_fen")
        batch_op.drop_column("pay_method")
        batch_op.drop_column("phone")
        batch_op.drop_column("city")

    op.drop_table("price_protections")

    op.drop_table("refunds")
    op.drop_table("photos")

    op.drop_table("service_tickets")

    op.drop_table("order_changes")
    op.drop_table("invoices")

    op.drop_table("coupons")
    op.drop_table("size_charts")
    op.drop_table("shipping_rules")
    op.drop_table("product_origins")
    op.drop_table("service_steps")

    op.drop_table("owner_tries")
    op.drop_table("owner_grants")
    op.drop_table("done_requests")
