"""A turn of the bot as the suite's watchers see it: its conversation, its duration, how it ended."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bot.observing import tracing
from bot.observing.context import about
from bot.observing.metrics import TURN_SECONDS, TURNS


class Watched:
    """Set `failed` when the customer got no answer of the bot."""

    def __init__(self) -> None:
        self.failed = False


@contextmanager
def turn(channel: str, conversation_id: str, trace: Mapping[str, str] | None = None) -> Iterator[Watched]:
    """Around everything from the first thought to the stored answer; `trace` is what `tracing.carrier` gave before."""
    watched, began = Watched(), time.perf_counter()
    outcome = "failed"
    try:
        with about(conversation_id), tracing.continued(trace), tracing.span("turn", channel=channel):
            tracing.remember(conversation_id)
            yield watched
            outcome = "failed" if watched.failed else "answered"
    except BaseException as error:
        # Cancelled: the server stops and somebody else does the turn again.
        outcome = "" if not isinstance(error, Exception) else "failed"
        raise
    finally:
        if outcome:
            TURNS.labels(channel, outcome).inc()
            TURN_SECONDS.labels(channel).observe(time.perf_counter() - began)
