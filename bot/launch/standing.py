"""What stands in the databases and the spool, for /metrics: read when Prometheus asks, at most every ten seconds."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.conversations import Store, standing
from bot.launch.job_times import last_successes
from bot.observing import metrics
from bot.settings import Settings

logger = logging.getLogger(__name__)

_KEPT, _PATIENCE = 10.0, 3.0  # seconds; Prometheus gives up after ten


class DatabaseNumbers(Collector):
    """The numbers of the conversations and of the tasks of the clock; without the database only that it is away."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="standing")
        self._reading: Future[list[GaugeMetricFamily]] | None = None
        self._known: list[GaugeMetricFamily] = []
        self._until = float("-inf")

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing beforehand: registering must not ask the database."""
        return []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Never later than three seconds: the process's own numbers must get through when the database hangs."""
        if time.monotonic() >= self._until:
            if self._reading is None or self._reading.done():
                self._reading = self._thread.submit(self._read)
            try:
                self._known, unread = self._reading.result(_PATIENCE), 0
            except (Exception, TooLate) as error:
                logger.warning("The standing could not be read: %s", type(error).__name__)
                self._known, unread = [], 1
            self._known.append(_gauge(metrics.STANDING_UNREAD, "1 while the databases do not answer", unread))
            self._until = time.monotonic() + _KEPT
        return self._known

    def _read(self) -> list[GaugeMetricFamily]:
        now = standing(self._store)
        inbox, outbox = now.inbox.items(), now.outbox.items()
        jobs = last_successes(self._settings.chat_url)
        by = "channel"
        return [
            _gauge(metrics.OPEN_CHATS, "Chats by who owns them: bot, waiting, agent", now.chats, "owner"),
            _gauge(metrics.QUEUE_OLDEST, "How long the first in the queue has waited", now.queue_oldest),
            _gauge(metrics.AGENTS_ONLINE, "Agents who may get chats", now.online),
            _gauge(metrics.INBOX_WAITING, "Messages that wait for the bot", {name: one[0] for name, one in inbox}, by),
            _gauge(metrics.INBOX_OLDEST, "Age of the oldest of them", {name: one[1] for name, one in inbox}, by),
            _gauge(metrics.OUTBOX_WAITING, "Messages on their way out", {name: one[0] for name, one in outbox}, by),
            _gauge(metrics.OUTBOX_RETRYING, "Those tried before", {name: one[1] for name, one in outbox}, by),
            _gauge(metrics.OUTBOX_OLDEST, "Age of the oldest of them", {name: one[2] for name, one in outbox}, by),
            _gauge(metrics.JOB_SUCCESS, "When a task of the clock last ended without an error", jobs, "task"),
        ]


class SpoolNumbers(Collector):
    """Events of this machine on their way to the event store, as files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Files that have something in them; one is written by each process."""
        found = []
        for path in self._folder.glob("*.jsonl"):
            try:
                found.append(path.stat())
            except FileNotFoundError:  # just delivered
                continue
        full = [one for one in found if one.st_size]
        oldest = max((time.time() - one.st_mtime for one in full), default=0.0)
        yield _gauge(metrics.SPOOL_BYTES, "Bytes of events not delivered", sum(one.st_size for one in full))
        yield _gauge(metrics.SPOOL_OLDEST, "Time since the oldest of their files was written", max(0.0, oldest))


def _gauge(name: str, about: str, values: float | Mapping[str, float], label: str = "") -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label] if label else [])
    for found, value in values.items() if isinstance(values, Mapping) else [("", values)]:
        family.add_metric([found] if label else [], float(value))
    return family


def watch_databases(settings: Settings, store: Store) -> None:
    """Let this process's /metrics tell the databases' numbers: the web server's, one of each kind is enough."""
    metrics.collect_also(DatabaseNumbers(settings, store))


def watch_spool(settings: Settings, collect: Callable[[Collector], None] = metrics.collect_also) -> None:
    """Let this process's /metrics tell what its machine has not delivered."""
    collect(SpoolNumbers(settings.var / "spool"))
