"""A task that one process does at a time: who holds the lease renews it, and another takes it when that one is gone."""

import time

from bot.conversations.store import Store, holds
from bot.conversations.tables import Lease


def hold(store: Store, name: str, worker: str, seconds: float) -> bool:
    """Take or renew the lease `name` for `seconds`; False while another living worker has it."""
    with store.changing() as change:
        row = change.session.get(Lease, name, with_for_update=True, populate_existing=True)
        if row is None:
            raise LookupError(name)
        if row.worker != worker and holds(row.worker, row.until):
            return False
        row.worker, row.until = worker, time.time() + seconds
        return True


def let_go(store: Store, name: str, worker: str) -> None:
    """Give the lease up, if this worker has it."""
    with store.changing() as change:
        row = change.session.get(Lease, name, with_for_update=True, populate_existing=True)
        if row is not None and row.worker == worker:
            row.worker = row.until = None
