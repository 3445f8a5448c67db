"""The knowledge store."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this version."""
    op.create_table(
        "knowledge_entries",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("topic", sa.String(80), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("question", sa.String(200), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("alike", sa.JSON, nullable=False),
        sa.Column("products", sa.JSON, nullable=False),
        sa.Column("update_time", sa.DateTime, nullable=False),
        sa.Column("valid_from", sa.DateTime),
        sa.Column("valid_until", sa.DateTime),
    )
    op.create_index("ix_knowledge_entries_topic", "knowledge_entries", ["topic"])
    state = op.create_table(
        "knowledge_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1", name="knowledge_state_one"),
    )
    op.bulk_insert(state, [{"id": 1, "version": 0}])
    op.create_table(
        "knowledge_vectors",
        sa.Column("encoder", sa.String(80), primary_key=True),
        sa.Column("text_hash", sa.String(64), primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "knowledge_asked",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("conversation", sa.String(80), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("entry_id", sa.String(60)),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("helpful", sa.Boolean),
        sa.Column("followed_by", sa.String(10)),
        sa.CheckConstraint("outcome IN ('answered', 'near', 'none')", name="knowledge_asked_outcome"),
    )
    op.create_index("ix_knowledge_asked_at", "knowledge_asked", ["at"])
    op.create_index("knowledge_asked_conversation", "knowledge_asked", ["conversation", "at"])
    op.create_table(
        "knowledge_syncs",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    """Take this version back."""
    for name in ("syncs", "asked", "vectors", "state", "entries"):
        op.drop_table(f"knowledge_{name}")
