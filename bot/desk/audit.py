"""The audit log: one line for everything that people at the desk do to accounts and conversations."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import clock
from bot.db import reading, writing
from bot.desk.tables import Audit


def record(url: str, account_id: str, action: str, object_: str = "", *, address: str = "", **details: Any) -> None:
    """Write one line."""
    with writing(url) as session:
        add(session, account_id, action, object_, address=address, **details)


def add(session: Session, account_id: str, action: str, object_: str = "", *, address: str = "", **details: Any) -> Any:
    """Write one line within a transaction."""
    row = Audit(
        at=clock.now(),
        account_id=account_id[:64],
        action=action,
        object=object_[:64],
        address=address[:64],
        details=details,
    )
    session.add(row)
    session.flush()
    return row


def lines(url: str, *, before: int | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """The newest lines below the id `before`, newest first."""
    query = select(Audit).order_by(Audit.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Audit.id < before)
    with reading(url) as session:
        return [
            {
                "id": row.id,
                "at": clock.as_utc(row.at).isoformat(),
                "account": row.account_id,
                "address": row.address,
                "action": row.action,
                "object": row.object,
                "details": row.details,
            }
            for row in session.execute(query).scalars()
        ]
