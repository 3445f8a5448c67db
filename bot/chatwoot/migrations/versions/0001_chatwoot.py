"""The bridge to Chatwoot: counterparts, parcels, how far the log was read."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chatwoot_links",
        sa.Column("conversation_id", sa.String(64), primary_key=True),
        sa.Column("contact_id", sa.BigInteger),
        sa.Column("source_id", sa.String(128)),
        sa.Column("remote_id", sa.BigInteger),
        sa.Column("seen_id", sa.BigInteger, nullable=False),
        sa.Column("sent_id", sa.BigInteger, nullable=False),
        sa.Column("theirs", sa.Boolean, nullable=False),
        sa.Column("look_at", sa.Float),
        sa.Column("failures", sa.Integer, nullable=False),
    )
    op.create_index("ix_chatwoot_links_remote", "chatwoot_links", ["remote_id"])
    op.create_index("ix_chatwoot_links_look", "chatwoot_links", ["look_at"])
    op.create_table(
        "chatwoot_parcels",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Float, nullable=False),
        sa.Column("error", sa.String(500)),
        sa.UniqueConstraint("conversation_id", "key"),
    )
    op.create_index("ix_chatwoot_parcels_state", "chatwoot_parcels", ["state", "next_at"])
    reading = op.create_table(
        "chatwoot_reading",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.BigInteger),
        sa.Column("worker", sa.String(128)),
        sa.Column("until", sa.Float),
    )
    op.bulk_insert(reading, [{"id": 1}])


def downgrade() -> None:
    for table in ("chatwoot_reading", "chatwoot_parcels", "chatwoot_links"):
        op.drop_table(table)
