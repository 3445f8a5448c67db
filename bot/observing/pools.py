"""A connection pool that tells how long its users wait: a busy database shows there first."""

import time
from typing import Any

from sqlalchemy.pool import QueuePool

from bot.observing.metrics import POOL_WAIT


class WatchedPool(QueuePool):
    """SQLAlchemy's usual pool; `pool_logging_name` (the database's name) is the label of its numbers."""

    def connect(self) -> Any:
        """A connection, as soon as one is free."""
        began = time.perf_counter()
        try:
            return super().connect()
        finally:
            POOL_WAIT.labels(self.logging_name or "").observe(time.perf_counter() - began)
