"""Segments, tasks, totals and alerts; what comes from events is dropped, and the next refresh makes it anew."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TASKS, _SUMMED = ("tasks", "tasks_done"), ("contained", "tasks", "tasks_done", "agent_contacts")
_SUMS = ("contacts", "responded", "response_on_time", "rounds", "matters", "solved", "handed_off", "waited")
_MORE_SUMS = ("sla_breaches", "rated", "stars", "consultations", "orders", "unclear", "messages")
_BIG_SUMS = ("response_ms", "rounds_ms", "wait_ms", "order_fen")


def upgrade() -> None:
    """Apply this version."""
    _drop_derived()
    _contacts(60, ["day", "started_at"], [sa.Column(name, sa.Integer, nullable=False) for name in _TASKS])
    _days(60, _SUMMED)
    op.create_table(
        "insight_totals",
        sa.Column("cut", sa.String(10), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        *_sums((*_SUMMED, "agent_days")),
    )
    op.create_table(
        "insight_alerts",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("figure", sa.String(32), primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("target", sa.Float, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("sent", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    """Take this version back."""
    _drop_derived()
    op.drop_table("insight_totals")
    op.drop_table("insight_alerts")
    _contacts(40, ["day"], [sa.Column("variants", sa.JSON, nullable=False)])
    _days(40, ())


def _drop_derived() -> None:
    op.drop_table("insight_contacts")
    op.drop_table("insight_days")
    op.execute("DELETE FROM insight_exposures")
    op.execute("DELETE FROM insight_state WHERE name IN ('events', 'orders')")


def _cut(segment: int) -> list[tuple[str, int]]:
    return [("channel", 32), ("base", 32), ("intent", 40), ("segment", segment), ("handled_by", 10), ("agent", 64)]


def _sums(more: tuple[str, ...]) -> list[sa.Column]:
    whole = [sa.Column(name, sa.Integer, nullable=False) for name in _SUMS + _MORE_SUMS + more]
    return whole + [sa.Column(name, sa.BigInteger, nullable=False) for name in _BIG_SUMS]


def _contacts(segment: int, by_day: list[str], more: list[sa.Column]) -> None:
    op.create_table(
        "insight_contacts",
        sa.Column("conversation_id", sa.String(80), primary_key=True),
        sa.Column("started_at", sa.DateTime, primary_key=True),
        sa.Column("ended_at", sa.DateTime, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("customer", sa.String(160), nullable=False),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in _cut(segment)),
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
        *more,
    )
    op.create_index("insight_contacts_day", "insight_contacts", by_day)
    op.create_index("insight_contacts_customer", "insight_contacts", ["customer", "started_at"])


def _days(segment: int, more: tuple[str, ...]) -> None:
    op.create_table(
        "insight_days",
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.String(length), primary_key=True) for name, length in _cut(segment)),
        *_sums(more),
    )
