"""The lease of the daily backup."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this version."""
    op.bulk_insert(sa.table("conversation_leases", sa.column("name", sa.String)), [{"name": "backing-up"}])


def downgrade() -> None:
    """Take this version back."""
    op.execute("DELETE FROM conversation_leases WHERE name = 'backing-up'")
