"""Every number that Prometheus can read from the suite, in one place; rooms only count.

Labels have few values: channels, actions, states. Nothing of a customer is one. What stands in the databases (who
waits, what is not sent) is read when Prometheus asks, see `bot.launch.standing`.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

disable_created_metrics()
CONTENT_TYPE = CONTENT_TYPE_LATEST
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)

_TURN = (0.02, 0.04, 0.06, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)  # seconds
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3)
_PATIENT = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600)


def _counter(name: str, about: str, *labels: str) -> Counter:
    return Counter(f"dianxiaoer_{name}", about, labels, registry=REGISTRY)


def _histogram(name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"dianxiaoer_{name}", about, labels, buckets=buckets, registry=REGISTRY)


MESSAGES = _counter("messages_total", "Messages accepted from customers", "channel")
REFUSED = _counter("messages_refused_total", "Messages of customers refused for size or rate", "channel", "reason")
TURNS = _counter("turns_total", "Turns of the bot by outcome (answered, failed)", "channel", "outcome")
TURN_SECONDS = _histogram("turn_seconds", "From the beginning of a turn to its stored answer", _TURN, "channel")
FALLBACKS = _counter("fallbacks_total", "Messages understood below the threshold")
PARSE_SECONDS = _histogram("nlu_parse_seconds", "Understanding one message", _QUICK)
ACTION_SECONDS = _histogram("action_seconds", "Running one action", _QUICK, "action")
ACTION_FAILURES = _counter("action_failures_total", "Actions that ended with an error", "action")
HANDOFFS = _counter("handoffs_total", "Conversations that came into the queue for people", "channel")
HANDOFF_WAIT = _histogram("handoff_wait_seconds", "From the queue to an agent", _PATIENT)
DELIVERIES = _counter("deliveries_total", "Attempts to send (sent, retried, failed)", "channel", "outcome")
POOL_WAIT = _histogram("db_pool_wait_seconds", "Waiting for a connection of the pool", _QUICK, "database")
BUS_RECONNECTS = _counter("bus_reconnects_total", "Times the wake-ups' connection was lost")

# Read when asked, by the collectors of bot.launch.standing.
OPEN_CHATS = "dianxiaoer_open_chats"
QUEUE_OLDEST = "dianxiaoer_queue_oldest_seconds"
AGENTS_ONLINE = "dianxiaoer_agents_online"
INBOX_WAITING = "dianxiaoer_inbox_waiting"
INBOX_OLDEST = "dianxiaoer_inbox_oldest_seconds"
OUTBOX_WAITING = "dianxiaoer_outbox_waiting"
OUTBOX_RETRYING = "dianxiaoer_outbox_retrying"
OUTBOX_OLDEST = "dianxiaoer_outbox_oldest_seconds"
SPOOL_BYTES = "dianxiaoer_event_spool_bytes"
SPOOL_OLDEST = "dianxiaoer_event_spool_oldest_seconds"
JOB_SUCCESS = "dianxiaoer_job_last_success_timestamp_seconds"
STANDING_UNREAD = "dianxiaoer_standing_unreadable"
STANDING = (
    OPEN_CHATS,
    QUEUE_OLDEST,
    AGENTS_ONLINE,
    INBOX_WAITING,
    INBOX_OLDEST,
    OUTBOX_WAITING,
    OUTBOX_RETRYING,
    OUTBOX_OLDEST,
    SPOOL_BYTES,
    SPOOL_OLDEST,
    JOB_SUCCESS,
    STANDING_UNREAD,
)


def collect_also(collector: Collector) -> None:
    """Let /metrics tell what `collector` finds; once for each process."""
    REGISTRY.register(collector)


def exposition() -> bytes:
    """All numbers in Prometheus' text format."""
    return generate_latest(REGISTRY)


def counted_names() -> set[str]:
    """The metrics of this module by the names under which queries find them (a histogram's three, a counter's one)."""
    found: set[str] = set()
    for family in REGISTRY.collect():
        if family.name.startswith("dianxiaoer_") and family.name not in STANDING:
            if family.type == "histogram":
                found |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
            else:
                found.add(f"{family.name}_total" if family.type == "counter" else family.name)
    return found
