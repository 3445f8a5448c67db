"""Contacts and their sums by day."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_CUT = (("channel", 32), ("base", 32), ("intent", 40), ("segment", 40), ("handled_by", 10), ("agent", 64))
_SUMS = ("contacts", "responded", "response_on_time", "rounds", "matters", "solved", "handed_off", "waited")
_MORE_SUMS = ("sla_breaches", "rated", "stars", "consultations", "orders", "unclear", "messages")
_PEER_FIGURES = ("conversion_percent", "response_seconds", "repurchase_percent")
_BIG_SUMS = ("response_ms", "rounds_ms", "wait_ms", "order_fen")


def upgrade() -> None:
    """Apply this version."""
    op.create_table(
        "insight_contacts",
        sa.Column("conversation_id", sa.String(80), primary_key=True),
        sa.Column("started_at", sa.DateTime, primary_key=True),
        sa.Column("ended_at", sa.DateTime, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("customer", sa.String(160), nullable=False),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in _CUT),
        *(sa.Column(f"{who}_messages", sa.Integer, nullable=False) for who in ("customer", "bot", "agent")),
        sa.Column("first_response_ms", sa.Integer),
        sa.Column("rounds", sa.Integer, nullable=False),
        sa.Column("rounds_ms", sa.BigInteger, nullable=False),
        sa.Column("unclear", sa.Integer, nullable=False),
        sa.Column("lowest_score", sa.Integer),
        sa.Column("handed_off", sa.Boolean, nullable=False),
        sa.Column("handoff_reason", sa.String(40), nullable=False),
        sa.Column("wait_ms", sa.Integer),
        sa.Column("sla_breaches", sa.Integer, nullable=False),
        sa.Column("stars", sa.Integer),
        sa.Column("solved_vote", sa.Boolean),
        sa.Column("repeated", sa.Boolean, nullable=False),
        sa.Column("order_no", sa.String(32)),
        sa.Column("order_fen", sa.Integer),
        sa.Column("variants", sa.JSON, nullable=False),
    )
    op.create_index("insight_contacts_day", "insight_contacts", ["day"])
    op.create_index("insight_contacts_customer", "insight_contacts", ["customer", "started_at"])
    op.create_table(
        "insight_days",
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.String(length), primary_key=True) for name, length in _CUT),
        *(sa.Column(name, sa.Integer, nullable=False) for name in _SUMS + _MORE_SUMS),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _BIG_SUMS),
    )
    op.create_table(
        "insight_exposures",
        sa.Column("experiment", sa.String(64), primary_key=True),
        sa.Column("customer", sa.String(160), primary_key=True),
        sa.Column("variant", sa.String(40), primary_key=True),
        sa.Column("first_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "insight_peers",
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("shop", sa.String(60), primary_key=True),
        *(sa.Column(name, sa.Float, nullable=False) for name in _PEER_FIGURES),
    )
    op.create_table(
        "insight_improvements",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("due", sa.Date),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "insight_state",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Take this version back."""
    for name in ("state", "improvements", "peers", "exposures", "days", "contacts"):
        op.drop_table(f"insight_{name}")
