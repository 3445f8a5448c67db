"""Persons to erase, and the lease of the upkeep's work."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this version."""
    op.create_table(
        "upkeep_erasures",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("person", sa.JSON, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.Column("not_before", sa.Float, nullable=False),
        sa.Column("done_at", sa.DateTime),
    )
    op.create_index("ix_upkeep_erasures_state", "upkeep_erasures", ["state", "not_before"])
    leases = sa.table("conversation_leases", sa.column("name", sa.String))
    op.bulk_insert(leases, [{"name": "erasing"}, {"name": "tidying"}])


def downgrade() -> None:
    """Take this version back."""
    op.execute("DELETE FROM conversation_leases WHERE name IN ('erasing', 'tidying')")
    op.drop_table("upkeep_erasures")
