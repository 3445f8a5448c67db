"""What joins contacts of one customer: the matter that came back, and the order that followed."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.insight.people import parts
from bot.insight.shop_facts import Ordered, orders_of
from bot.insight.tables import ContactRow
from bot.settings import Settings

_COLUMNS = (
    "conversation_id", "started_at", "ended_at", "day", "customer", "intent", "repeated", "order_no", "order_fen",
)  # fmt: skip


@dataclass
class _Visit:
    conversation_id: str
    started_at: datetime
    ended_at: datetime
    day: date
    customer: str
    intent: str
    repeated: bool
    order_no: str | None
    order_fen: int | None

    def linked(self) -> tuple[bool, str | None, int | None]:
        return self.repeated, self.order_no, self.order_fen


def link(session: Any, settings: Settings, touched: Mapping[str, datetime]) -> set[date]:
    """Set `repeated`, `order_no` and `order_fen` on contacts; the days whose sums changed.

    An order belongs to the customer's last contact before it, within the attribution window; a matter comes back when
    the same customer asks about the same business intent again within the repeat window.

    Args:
        session: writes the contacts.
        settings: the windows, and the shop.
        touched: customer → time of the earliest contact or order that is new.
    """
    kpi = settings.operations.kpi
    window, repeat = timedelta(hours=kpi.attribution_hours), timedelta(hours=kpi.repeat_hours)
    days: set[date] = set()
    for part in parts(sorted(touched, key=lambda name: (touched[name], name))):
        # What lies further back than both windows cannot change.
        since = min(touched[name] for name in part) - max(window, repeat)
        query = select(*(getattr(ContactRow, name) for name in _COLUMNS))
        query = query.where(ContactRow.customer.in_(part), ContactRow.ended_at >= since)
        by_customer: dict[str, list[_Visit]] = defaultdict(list)
        for row in session.execute(query.order_by(ContactRow.started_at)):
            by_customer[row.customer].append(_Visit(*row))
        if not by_customer:
            continue
        before = {id(visit): visit.linked() for visits in by_customer.values() for visit in visits}
        first = min(visits[0].started_at for visits in by_customer.values())
        last = max(visits[-1].started_at for visits in by_customer.values())
        ordered: dict[str, list[Ordered]] = defaultdict(list)
        for order in orders_of(settings.shop_url, list(by_customer), first, last + window):
            ordered[order.customer].append(order)
        for customer, visits in by_customer.items():
            _repeats(visits, repeat)
            _orders(visits, ordered[customer], window)
        changed = [v for visits in by_customer.values() for v in visits if v.linked() != before[id(v)]]
        _write(session, changed)
        days |= {visit.day for visit in changed}
    return days


def _repeats(visits: list[_Visit], window: timedelta) -> None:
    later: dict[str, datetime] = {}
    for visit in reversed(visits):
        back = later.get(visit.intent)
        visit.repeated = bool(visit.intent and back is not None and back - visit.ended_at <= window)
        if visit.intent:
            later[visit.intent] = visit.started_at


def _orders(visits: list[_Visit], orders: list[Ordered], window: timedelta) -> None:
    attributed: dict[datetime, Ordered] = {}
    for order in orders:
        before = [visit for visit in visits if visit.started_at <= order.at <= visit.started_at + window]
        if order.counts and before:
            attributed.setdefault(before[-1].started_at, order)  # the first order of a contact is its conversion
    for visit in visits:
        found = attributed.get(visit.started_at)
        visit.order_no, visit.order_fen = (found.no, found.fen) if found else (None, None)


def _write(session: Any, changed: list[_Visit]) -> None:
    if not changed:
        return
    table = ContactRow.__table__
    names = ("repeated", "order_no", "order_fen")
    of = (table.c.conversation_id == bindparam("conversation"), table.c.started_at == bindparam("since"))
    rows = [
        {"conversation": v.conversation_id, "since": v.started_at, **dict(zip(names, v.linked(), strict=True))}
        for v in changed
    ]
    session.connection().execute(update(table).where(*of).values({name: bindparam(name) for name in names}), rows)
