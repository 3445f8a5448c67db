"""Rate limits: a token bucket for each customer or address."""

import time
from collections import OrderedDict
from collections.abc import Callable

_REMEMBERED = 10_000


class RateLimit:
    """Allows `per_minute` events a minute for each key, a third of them (at least three) in one burst."""

    def __init__(self, per_minute: int, seconds: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._burst = float(min(per_minute, max(3, per_minute // 3)))
        self._seconds = seconds
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Count one event of `key`: 0 when it is allowed, else the seconds to wait before trying again."""
        now = self._seconds()
        tokens, before = self._buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - before) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[key] = (tokens - 1 if wait == 0 else tokens, now)
        if len(self._buckets) > _REMEMBERED:  # bounded memory; the one forgotten has been quiet the longest
            self._buckets.popitem(last=False)
        return wait
