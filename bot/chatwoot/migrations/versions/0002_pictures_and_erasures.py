"""Which late messages were heard, and which contacts are to be deleted in Chatwoot."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chatwoot_links", sa.Column("heard", sa.JSON, nullable=False, server_default="[]"))
    op.create_table(
        "chatwoot_erasures",
        sa.Column("contact_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("chatwoot_erasures")
    op.drop_column("chatwoot_links", "heard")
