"""Conversations with owners, inbox, outbox, events, agents and tickets; a chat log of before is taken over."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("address", sa.JSON),
        sa.Column("last_number", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("session", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("agent_id", sa.String(64)),
        sa.Column("wanted_agent", sa.String(64)),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("vip", sa.Boolean, nullable=False),
        sa.Column("waiting_since", sa.DateTime),
        sa.Column("assigned_at", sa.DateTime),
        sa.Column("answer_by", sa.DateTime),
        sa.Column("escalations", sa.Integer, nullable=False),
        sa.Column("unanswered_since", sa.DateTime),
        sa.Column("last_agent_at", sa.DateTime),
        sa.Column("read_number", sa.Integer, nullable=False),
        sa.Column("tried", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("note", sa.JSON),
        sa.Column("handoff", sa.JSON),
        sa.Column("worker", sa.String(128)),
        sa.Column("worker_until", sa.Float),
        sa.UniqueConstraint("channel", "account"),
    )
    op.create_index("ix_conversations_queue", "conversations", ["owner", "priority", "waiting_since"])
    op.create_index("ix_conversations_agent", "conversations", ["agent_id", "owner"])
    op.create_table(
        "conversation_messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("author", sa.String(16), nullable=False),
        sa.Column("sender", sa.String(64)),
        sa.Column("client_id", sa.String(128)),
        sa.Column("answers", sa.Integer),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("request", sa.JSON),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("conversation_id", "number"),
        sa.UniqueConstraint("conversation_id", "client_id"),
    )
    op.create_index("ix_conversation_messages_state", "conversation_messages", ["state"])
    op.create_table(
        "conversation_deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Float, nullable=False),
        sa.Column("worker", sa.String(128)),
        sa.Column("worker_until", sa.Float),
        sa.Column("platform_id", sa.String(128)),
        sa.Column("error", sa.String(500)),
        sa.ForeignKeyConstraint(
            ["conversation_id", "number"], ["conversation_messages.conversation_id", "conversation_messages.number"]
        ),
        sa.UniqueConstraint("conversation_id", "number"),
    )
    op.create_index("ix_conversation_deliveries_state", "conversation_deliveries", ["channel", "state", "next_at"])
    _desk_tables()
    if sa.inspect(op.get_bind()).has_table("chat_conversations"):
        _take_over_chat_log()


def _desk_tables() -> None:
    op.create_table(
        "conversation_events",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("conversation_id", sa.String(64)),
        sa.Column("agent_id", sa.String(64)),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_index("ix_conversation_events_at", "conversation_events", ["at"])
    op.create_index("ix_conversation_events_conversation", "conversation_events", ["conversation_id", "kind"])
    counters = op.create_table(
        "conversation_counters",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Float, nullable=False),
    )
    first = {"events": 0.0, "events_forgotten": 0.0, "answer_seconds": 15.0}
    op.bulk_insert(counters, [{"name": name, "value": value} for name, value in first.items()])
    leases = op.create_table(
        "conversation_leases",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("worker", sa.String(128)),
        sa.Column("until", sa.Float),
    )
    op.bulk_insert(leases, [{"name": "desk"}])
    op.create_table(
        "conversation_agents",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("presence", sa.String(16), nullable=False),
        sa.Column("supervisor", sa.Boolean, nullable=False),
        sa.Column("skills", sa.JSON, nullable=False),
        sa.Column("dedicated", sa.JSON, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("satisfaction", sa.Float, nullable=False),
        sa.Column("last_assigned_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    op.create_table(
        "conversation_tickets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("note", sa.JSON),
        sa.Column("from_number", sa.Integer, nullable=False),
        sa.Column("agent_id", sa.String(64)),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("closed_at", sa.DateTime),
    )
    op.create_index("ix_conversation_tickets_state", "conversation_tickets", ["state", "priority", "created_at"])


def _take_over_chat_log() -> None:
    op.execute(
        "INSERT INTO conversations (id, channel, account, last_number, created_at, session, owner, version, category,"
        " priority, vip, escalations, read_number, tried, tags) "
        "SELECT id, channel, id, last_number, created_at, 1, 'bot', 0, '', 0, false, 0, 0, '[]', '[]'"
        " FROM chat_conversations"
    )
    op.execute(
        "INSERT INTO conversation_messages"
        " (conversation_id, number, author, client_id, answers, content, request, state, created_at) "
        "SELECT conversation_id, number, author, client_id, answers, content, request, state, created_at"
        " FROM chat_messages ORDER BY id"
    )
    for table in ("chat_messages", "chat_conversations", "alembic_version_channels"):
        op.drop_table(table)


def downgrade() -> None:
    for table in ("tickets", "agents", "leases", "counters", "events", "deliveries", "messages"):
        op.drop_table(f"conversation_{table}")
    op.drop_table("conversations")
