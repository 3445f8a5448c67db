"""A circuit breaker: a system that failed again and again is left alone for a while, then tried by one call."""

import time
from collections.abc import Callable


class Breaker:
    """Closed while calls succeed; open for `rest_seconds` after `failures` in a row; then one call may try."""

    def __init__(self, failures: int, rest_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._rest, self._clock = failures, rest_seconds, clock
        self._failed = 0
        self._opened_at: float | None = None
        self._trying = False

    def allows(self) -> bool:
        """Whether a call may be made now; who gets leave must tell how it went."""
        if self._opened_at is None:
            return True
        if self._trying or self._clock() - self._opened_at < self._rest:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The system answers again."""
        self._failed, self._opened_at, self._trying = 0, None, False

    def failed(self) -> None:
        """Another failure; the one call that tried opens the breaker anew."""
        self._failed += 1
        if self._trying or self._failed >= self._limit:
            self._opened_at = self._clock()
        self._trying = False
