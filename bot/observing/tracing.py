"""Traces, for those who switch them on (`traces` in endpoints.yml); otherwise OpenTelemetry is not even imported.

A span is a block: `with span("turn", channel="web"):`. A trace goes on in another process by the header `traceparent`
(W3C Trace Context), and after the inbox by what `carrier` put beside the message.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

from bot.observing.context import conversation
from bot.observing_settings import Traces

_NOTHING: AbstractContextManager[None] = contextlib.nullcontext()
_REMEMBERED = 1_000
_tracer: Any = None
_arrived: ContextVar[dict[str, str] | None] = ContextVar("arrived", default=None)
_last_turns: OrderedDict[str, dict[str, str]] = OrderedDict()


class TracesMissing(RuntimeError):
    """Traces are switched on but their libraries are not installed; the message is in Chinese and says what to do."""


def configure(settings: Traces, service: str) -> None:
    """Begin to trace as endpoints.yml says; `service` names this process.

    Raises:
        TracesMissing: OpenTelemetry is not installed.
    """
    if settings.type == "none":
        return
    try:
        from bot.observing import exporting
    except ImportError as error:
        raise TracesMissing(
            "endpoints.yml 打开了 traces，但没有安装 OpenTelemetry，请运行 .venv/bin/python -m pip install '.[tracing]'"
        ) from error
    use(exporting.tracer(settings, f"dianxiaoer-{service}"))
    exporting.trace_databases(_tracer)


def use(tracer: Any) -> None:
    """Send spans to `tracer`; None ends it."""
    global _tracer
    _tracer = tracer
    _last_turns.clear()


def span(name: str, **attributes: str | int | float) -> AbstractContextManager[Any]:
    """A block of the trace; the conversation's id goes with it."""
    if _tracer is None:
        return _NOTHING
    found = conversation()
    if found:
        attributes["conversation"] = found
    return _span(_tracer, name, attributes)


@contextmanager
def _span(tracer: Any, name: str, attributes: dict[str, Any]) -> Iterator[Any]:
    from opentelemetry.trace import Status, StatusCode

    quiet = {"record_exception": False, "set_status_on_exception": False}  # what an error says may be personal
    with tracer.start_as_current_span(name, attributes=attributes, **quiet) as one:
        try:
            yield one
        except Exception as error:
            one.set_attribute("error.type", type(error).__name__)
            one.set_status(Status(StatusCode.ERROR))
            raise


def carrier() -> dict[str, str]:
    """What another process needs to go on with the trace, as HTTP headers; {} when nothing is traced."""
    if _tracer is None:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    headers: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(headers)
    return headers


def continued(headers: Mapping[str, str] | None) -> AbstractContextManager[Any]:
    """The block belongs to the trace that `headers` (as of `carrier`) name."""
    if _tracer is None or not headers or not headers.get("traceparent"):
        return _NOTHING
    return _continued({"traceparent": headers["traceparent"]})


@contextmanager
def _continued(headers: dict[str, str]) -> Iterator[None]:
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    token = context.attach(TraceContextTextMapPropagator().extract(headers))
    try:
        yield
    finally:
        context.detach(token)


def arrived(headers: Mapping[str, str]) -> None:
    """A request came with these headers; `continued(arrived_with())` goes on with its trace in the same task."""
    if _tracer is not None:
        _arrived.set({"traceparent": headers.get("traceparent", "")})


def arrived_with() -> dict[str, str] | None:
    """The trace of the request at hand, None when nothing is traced."""
    return _arrived.get()


def remember(conversation_id: str) -> None:
    """What is sent to this conversation later belongs to the trace of its last turn."""
    if _tracer is None:
        return
    _last_turns[conversation_id] = carrier()
    _last_turns.move_to_end(conversation_id)
    while len(_last_turns) > _REMEMBERED:
        _last_turns.popitem(last=False)


def last_turn(conversation_id: str) -> dict[str, str] | None:
    """The trace of the conversation's last turn in this process, None when there was none."""
    return _last_turns.get(conversation_id)
