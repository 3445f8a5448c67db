"""The tracker store; conversations that Rasa's own SQL store kept in the same database are taken over."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this version."""
    turns = op.create_table(
        "tracker_turns",
        sa.Column("sender_id", sa.String(255), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("ix_tracker_turns_at", "tracker_turns", ["at"])
    heads = op.create_table(
        "tracker_heads",
        sa.Column("sender_id", sa.String(255), primary_key=True),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("carried", sa.Text, nullable=False),
    )
    connection = op.get_bind()
    if not _has_rasas_table(connection):
        return
    for sender, rows in _turns_of_rasa(connection):
        connection.execute(turns.insert(), [{"sender_id": sender, **row} for row in rows])
        start = max(row["number"] for row in rows if row["number"] == 1 or row["data"].startswith(_SESSION))
        connection.execute(heads.insert(), {"sender_id": sender, "start": start, "carried": "[]"})


def downgrade() -> None:
    """Take this version back."""
    op.drop_table("tracker_heads")
    op.drop_table("tracker_turns")


_SESSION = '[{"event": "session_started"'


def _has_rasas_table(connection: Any) -> bool:
    inspector = sa.inspect(connection)
    if not inspector.has_table("events"):
        return False
    names = {column["name"] for column in inspector.get_columns("events")}
    return {"id", "sender_id", "type_name", "timestamp", "action_name", "data"} <= names


def _turns_of_rasa(connection: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    query = sa.text("SELECT sender_id, data FROM events ORDER BY sender_id, id")
    for sender, found in groupby(connection.execute(query), key=lambda row: row[0]):
        turns: list[list[dict[str, Any]]] = [[]]
        for row in found:
            event = json.loads(row[1])
            # A turn ends where the bot listens; a session begins a row, for a window may begin there.
            ended = turns[-1] and turns[-1][-1].get("name") == "action_listen"
            if turns[-1] and (ended or event.get("event") == "session_started"):
                turns.append([])
            turns[-1].append(event)
        yield (
            sender,
            [
                {
                    "number": number,
                    "at": float(turn[-1].get("timestamp") or 0),
                    "size": len(turn),
                    "data": json.dumps(turn),
                }
                for number, turn in enumerate(turns, start=1)
            ],
        )
