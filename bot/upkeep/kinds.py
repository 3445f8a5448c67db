"""What grows: the tables whose old rows are archived and go, and which of their rows count as old."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Date, Float, delete, or_, select, tuple_, update

from bot.clock import as_utc, local
from bot.conversations.tables import Delivery, Message, Survey, Ticket
from bot.db import reading
from bot.desk.tables import Audit
from bot.events.tables import EventRow
from bot.insight.tables import StateRow
from bot.quality.tables import AppealRow, FindingRow, OutsideRow
from bot.runtime.tracker_tables import HeadRow, TurnRow
from bot.settings import Settings

_PLAIN = {"synchronize_session": False}
Condition = Callable[[Settings, datetime], Any]


@dataclass(frozen=True)
class Growing:
    """A table with rows that grow old.

    Attributes:
        kind: the number in data/operations.yml that says how long they stay.
        room: whose store holds the table.
        table: the mapped class.
        time: the column that tells a row's age; a time, a date or seconds since 1970.
        chat: the column with the conversation that a row belongs to; rows of open ones stay.
        old: a further condition, of the settings and the moment before which rows are old.
        blank: columns that are emptied instead of the row's deletion.
        first: tables whose rows refer to these by (their columns, the columns here), and go before them.
    """

    kind: str
    room: str
    table: Any
    time: Any
    chat: Any = None
    old: Condition | None = None
    blank: tuple[Any, ...] = ()
    first: tuple[tuple[Any, tuple[Any, ...], tuple[Any, ...]], ...] = field(default=())

    @property
    def key(self) -> list[Any]:
        """The columns of the primary key."""
        return list(self.table.__table__.primary_key.columns)

    def is_old(self, settings: Settings, before: datetime) -> Any:
        """The condition for rows that are older than `before`."""
        limit: Any = before
        if isinstance(self.time.type, Float):
            limit = before.timestamp()
        elif isinstance(self.time.type, Date):
            limit = local(before).date()
        condition = self.time < limit
        for column in self.blank:
            condition &= column != ""
        return condition if self.old is None else condition & self.old(settings, before)

    def month(self, row: Any) -> str:
        """The month of a row, "2026-11"."""
        at = row[self.time.name]
        if isinstance(at, float):
            at = datetime.fromtimestamp(at, timezone.utc)
        return f"{local(as_utc(at)) if isinstance(at, datetime) else at:%Y-%m}"

    def remove(self, session: Any, keys: Sequence[Sequence[Any]]) -> int:
        """Delete (or blank) the rows with these keys; how many there still were."""
        mine = tuple_(*self.key).in_([tuple(key) for key in keys]) if len(self.key) > 1 else self.key[0].in_(
            [key[0] for key in keys]
        )  # fmt: skip
        for table, theirs, ours in self.first:
            named = tuple_(*theirs).in_(select(*ours).where(mine)) if len(theirs) > 1 else theirs[0].in_(
                select(*ours).where(mine)
            )  # fmt: skip
            session.execute(delete(table).where(named).execution_options(**_PLAIN))
        if self.blank:
            empty = update(self.table).where(mine).values({column.name: "" for column in self.blank})
            return int(session.execute(empty.execution_options(**_PLAIN)).rowcount)
        return int(session.execute(delete(self.table).where(mine).execution_options(**_PLAIN)).rowcount)


def _counted(settings: Settings, _before: datetime) -> Any:
    """Events that the figures know: what is not counted yet stays."""
    with reading(settings.events_url) as session:
        row = session.get(StateRow, "events")
    return EventRow.seq <= int(row.value if row is not None else 0)


def _no_open_appeal(_settings: Settings, _before: datetime) -> Any:
    mine = (AppealRow.talk_id == FindingRow.talk_id, AppealRow.criterion == FindingRow.criterion)
    return ~select(AppealRow.id).where(*mine, AppealRow.status == "open").exists()


def _behind_window(_settings: Settings, before: datetime) -> Any:
    """Turns that no window reaches any more, and all of conversations in which nothing happened since."""
    head = select(HeadRow.start).where(HeadRow.sender_id == TurnRow.sender_id).scalar_subquery()
    later = TurnRow.__table__.alias()
    alive = select(later.c.number).where(later.c.sender_id == TurnRow.sender_id, later.c.at >= before.timestamp())
    return or_(TurnRow.number < head, ~alive.exists())


GROWING = (
    Growing("messages", "conversations", Survey, Survey.asked_at, Survey.conversation_id),
    Growing("messages", "conversations", Ticket, Ticket.created_at, Ticket.conversation_id),
    Growing(
        "messages",
        "conversations",
        Message,
        Message.created_at,
        Message.conversation_id,
        first=(
            (
                Delivery,
                (Delivery.conversation_id, Delivery.number),
                (Message.conversation_id, Message.number),
            ),
        ),
    ),
    Growing("dialogue", "runtime", TurnRow, TurnRow.at, TurnRow.sender_id, old=_behind_window),
    Growing("events", "events", EventRow, EventRow.at, EventRow.conversation_id, old=_counted),
    Growing(
        "quotes",
        "quality",
        FindingRow,
        FindingRow.day,
        old=_no_open_appeal,
        blank=(FindingRow.quote, FindingRow.message),
    ),
    Growing("quotes", "quality", OutsideRow, OutsideRow.started_at),
    Growing("audit", "desk", Audit, Audit.at),
)
