"""The shop's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this version."""
    op.create_table(
        "attribute_aliases",
        sa.Column("attribute", sa.String(length=30), nullable=False),
        sa.Column("value", sa.String(length=60), nullable=False),
        sa.Column("alias", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("attribute", "value", "alias"),
    )
    op.create_table(
        "catalogue_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "cities",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("province", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("city", sa.String(length=30), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_customers_phone", "customers", ["phone"])
    op.create_table(
        "products",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("brand", sa.String(length=60), nullable=False),
        sa.Column("category", sa.String(length=30), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("image", sa.String(length=120), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_products_category", "products", ["category"])
    op.create_table(
        "promotions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("skus", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_promotions_kind", "promotions", ["kind"])
    op.create_table(
        "warehouses",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("city", sa.String(length=30), nullable=False),
        sa.Column("cut_off", sa.String(length=5), nullable=False),
        sa.Column("ship_by", sa.String(length=5), nullable=False),
        sa.Column("working_days", sa.JSON(), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "accounts",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.PrimaryKeyConstraint("channel", "account"),
    )
    op.create_index("ix_accounts_customer_id", "accounts", ["customer_id"])
    op.create_table(
        "orders",
        sa.Column("no", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("discount_fen", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ship_by", sa.DateTime(), nullable=True),
        sa.Column("pay_before", sa.DateTime(), nullable=True),
        sa.Column("paid_at", sa.DateTime(), nullable=True),
        sa.Column("shipped_at", sa.DateTime(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(), nullable=True),
        sa.Column("warehouse_id", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"]),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.id"]),
        sa.PrimaryKeyConstraint("no"),
        sa.UniqueConstraint("channel", "account", "idempotency_key", name="orders_idempotency"),
    )
    op.create_index("ix_orders_created_at", "orders", ["created_at"])
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"])
    op.create_index("orders_unpaid", "orders", ["status", "pay_before"])
    op.create_table(
        "variants",
        sa.Column("sku", sa.String(length=48), nullable=False),
        sa.Column("product_id", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"]),
        sa.PrimaryKeyConstraint("sku"),
    )
    op.create_index("ix_variants_product_id", "variants", ["product_id"])
    op.create_table(
        "order_lines",
        sa.Column("order_no", sa.String(length=32), nullable=False),
        sa.Column("sku", sa.String(length=48), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="order_line_quantity"),
        sa.ForeignKeyConstraint(["order_no"], ["orders.no"]),
        sa.ForeignKeyConstraint(["sku"], ["variants.sku"]),
        sa.PrimaryKeyConstraint("order_no", "sku"),
    )
    op.create_table(
        "parcels",
        sa.Column("no", sa.String(length=40), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=False),
        sa.Column("carrier", sa.String(length=30), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("traces", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["order_no"], ["orders.no"]),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_index("ix_parcels_order_no", "parcels", ["order_no"])
    op.create_table(
        "prices",
        sa.Column("sku", sa.String(length=48), nullable=False),
        sa.Column("valid_from", sa.DateTime(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("list_fen", sa.Integer(), nullable=False),
        sa.Column("market_fen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sku"], ["variants.sku"]),
        sa.PrimaryKeyConstraint("sku", "valid_from"),
    )
    op.create_table(
        "stock",
        sa.Column("sku", sa.String(length=48), nullable=False),
        sa.Column("warehouse_id", sa.String(length=16), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), server_default="0", nullable=False),
        sa.Column("restock_date", sa.Date(), nullable=True),
        sa.CheckConstraint("on_hand >= reserved", name="stock_covers_reserved"),
        sa.CheckConstraint("reserved >= 0", name="stock_reserved_not_negative"),
        sa.ForeignKeyConstraint(["sku"], ["variants.sku"]),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouses.id"]),
        sa.PrimaryKeyConstraint("sku", "warehouse_id"),
    )
    op.execute("INSERT INTO catalogue_state (id, version) VALUES (1, 0)")


def downgrade() -> None:
    """Take this version back."""
    op.drop_table("stock")
    op.drop_table("prices")
    op.drop_table("parcels")
    op.drop_table("order_lines")
    op.drop_table("variants")
    op.drop_table("orders")
    op.drop_table("accounts")
    op.drop_table("warehouses")
    op.drop_table("promotions")
    op.drop_table("products")
    op.drop_table("customers")
    op.drop_table("cities")
    op.drop_table("catalogue_state")
    op.drop_table("attribute_aliases")
