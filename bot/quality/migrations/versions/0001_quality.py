"""Inspected conversations, findings, appeals, conversations from outside."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this version."""
    op.create_table(
        "quality_talks",
        sa.Column("id", sa.String(120), primary_key=True),
        sa.Column("conversation_id", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("ended_at", sa.DateTime, nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("handled_by", sa.String(10), nullable=False),
        sa.Column("messages", sa.Integer, nullable=False),
        sa.Column("rules", sa.String(16), nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("lost", sa.Float, nullable=False),
        sa.Column("verdicts", sa.JSON, nullable=False),
        sa.Column("open_until", sa.DateTime),
    )
    op.create_index("ix_quality_talks_day", "quality_talks", ["day", "score"])
    op.create_index("ix_quality_talks_agent", "quality_talks", ["agent", "day"])
    op.create_table(
        "quality_findings",
        sa.Column("talk_id", sa.String(120), sa.ForeignKey("quality_talks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("criterion", sa.String(40), primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("side", sa.String(10), nullable=False),
        sa.Column("points", sa.Float, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("offset", sa.Integer, nullable=False),
        sa.Column("quote", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("said_at", sa.DateTime, nullable=False),
        sa.Column("suggestion", sa.Text, nullable=False),
        sa.Column("overturned", sa.Boolean, nullable=False),
    )
    op.create_index("ix_quality_findings_day", "quality_findings", ["day", "criterion"])
    op.create_index("ix_quality_findings_agent", "quality_findings", ["agent", "day"])
    op.create_table(
        "quality_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("agent", sa.String(64), primary_key=True),
        sa.Column("criterion", sa.String(40), primary_key=True),
        sa.Column("passed", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("score_sum", sa.Float, nullable=False),
    )
    op.create_table(
        "quality_appeals",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("talk_id", sa.String(120), nullable=False),
        sa.Column("criterion", sa.String(40), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("decided_by", sa.String(64)),
        sa.Column("decided_at", sa.DateTime),
        sa.Column("answer", sa.Text, nullable=False),
    )
    op.create_index("ix_quality_appeals_finding", "quality_appeals", ["talk_id", "criterion"])
    op.create_index("ix_quality_appeals_status", "quality_appeals", ["status", "made_at"])
    op.create_table(
        "quality_outside",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
    )
    op.create_index("ix_quality_outside_started", "quality_outside", ["started_at"])


def downgrade() -> None:
    """Take this version back."""
    for name in ("findings", "talks", "days", "appeals", "outside"):
        op.drop_table(f"quality_{name}")
