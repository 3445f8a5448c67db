"""Drawn messages and models."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this version."""
    op.create_table(
        "learning_drawn",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("week", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("reason", sa.String(12), nullable=False),
        sa.Column("predicted", sa.String(40), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("emotion_predicted", sa.String(12), nullable=False),
        sa.Column("suggestions", sa.JSON, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("intent", sa.String(40), nullable=False),
        sa.Column("emotion", sa.String(12), nullable=False),
        sa.Column("score", sa.Integer),
        sa.Column("labelled_by", sa.String(64), nullable=False),
        sa.Column("reviewed_by", sa.String(64), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
    )
    op.create_index("learning_drawn_week", "learning_drawn", ["week", "status"])
    op.create_table(
        "learning_models",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(120), nullable=False, unique=True),
        sa.Column("data_hash", sa.String(64), nullable=False),
        sa.Column("lines", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("trained_at", sa.DateTime, nullable=False),
        sa.Column("decided_at", sa.DateTime),
    )


def downgrade() -> None:
    """Take this version back."""
    op.drop_table("learning_models")
    op.drop_index("learning_drawn_week", "learning_drawn")
    op.drop_table("learning_drawn")
