"""Who saw which variant of an experiment, and since when it counts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite

from bot.events import Event
from bot.insight.contact import SILENCE, Contact
from bot.insight.tables import ExposureRow

_KEY = ("experiment", "customer", "variant")


def exposures_of(events: Iterable[Event], contacts: Sequence[Contact], customer: str) -> Iterator[dict[str, Any]]:
    """The exposures among a conversation's events, as rows.

    What is shown inside a contact counts from the contact's beginning, so that its order counts too; what is shown
    before the customer has said anything, as a welcome, counts from that moment.
    """
    for event in events:
        if event.kind == "experiment.exposed":
            inside = [c.started_at for c in contacts if _holds(c, event)]
            values = (str(event.data.get("experiment")), customer, str(event.data.get("variant")))
            yield {**dict(zip(_KEY, values, strict=True)), "first_at": inside[-1] if inside else event.at}


def _holds(contact: Contact, event: Event) -> bool:
    open_until = contact.ended_at if contact.closed else contact.ended_at + SILENCE
    return contact.started_at <= event.at <= open_until


def save_exposures(session: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Keep the earliest exposure of each customer to each variant."""
    first: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in _KEY)
        if key not in first or row["first_at"] < first[key]["first_at"]:
            first[key] = row
    if not first:
        return
    table = ExposureRow.__table__
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = build(table)
    new = statement.excluded.first_at
    earlier = case((new < table.c.first_at, new), else_=table.c.first_at)
    keep = statement.on_conflict_do_update(index_elements=list(_KEY), set_={"first_at": earlier})
    session.connection().execute(keep, list(first.values()))
