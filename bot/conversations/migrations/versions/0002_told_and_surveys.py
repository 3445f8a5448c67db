"""What the event store has been told, surveys, and when one is due."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    counters = sa.table("conversation_counters", sa.column("name", sa.String), sa.column("value", sa.Float))
    op.bulk_insert(counters, [{"name": "events_told", "value": 0.0}])
    op.bulk_insert(sa.table("conversation_leases", sa.column("name", sa.String)), [{"name": "telling"}])
    op.add_column("conversations", sa.Column("survey_due", sa.DateTime))
    op.create_index("ix_conversations_survey", "conversations", ["survey_due"])
    op.create_table(
        "conversation_surveys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("agent_id", sa.String(64)),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("reminded", sa.Boolean, nullable=False),
        sa.Column("stars", sa.Integer),
        sa.Column("solved", sa.Boolean),
        sa.Column("comment", sa.String(2000)),
    )
    op.create_index("ix_conversation_surveys_conversation", "conversation_surveys", ["conversation_id"])
    op.create_index("ix_conversation_surveys_step", "conversation_surveys", ["step", "asked_at"])


def downgrade() -> None:
    op.drop_table("conversation_surveys")
    op.drop_index("ix_conversations_survey", "conversations")
    op.drop_column("conversations", "survey_due")
    op.execute("DELETE FROM conversation_leases WHERE name = 'telling'")
    op.execute("DELETE FROM conversation_counters WHERE name = 'events_told'")
