"""What the processes of a channel share: seen requests, values, sending quotas, files to fetch."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_seen",
        sa.Column("key", sa.String(191), primary_key=True),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_index("ix_channel_seen_expires_at", "channel_seen", ["expires_at"])
    op.create_table(
        "channel_values",
        sa.Column("key", sa.String(191), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Float),
    )
    op.create_table(
        "channel_quotas",
        sa.Column("key", sa.String(191), primary_key=True),
        sa.Column("left", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_table(
        "channel_media",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("reference", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Float, nullable=False),
    )
    op.create_index("ix_channel_media_state", "channel_media", ["channel", "state", "next_at"])


def downgrade() -> None:
    for table in ("channel_media", "channel_quotas", "channel_values", "channel_seen"):
        op.drop_table(table)
