"""OpenTelemetry's side of traces; imported only where they are switched on (extra `tracing` of pyproject.toml)."""

import time
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor, SpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.observing_settings import Traces

_NAME = "dianxiaoer"


def tracer(settings: Traces, service: str) -> Any:
    """A tracer whose spans go to an OTLP/HTTP collector or to the standard output."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), sampler=ParentBasedTraceIdRatio(settings.share)
    )
    provider.add_span_processor(_processor(settings))
    return provider.get_tracer(_NAME)


def _processor(settings: Traces) -> SpanProcessor:
    if settings.type == "console":
        return SimpleSpanProcessor(ConsoleSpanExporter())
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.url, timeout=5))


def trace_databases(tracer: Any) -> None:
    """A span of `tracer` for each statement of a turn, whatever the engine: its verb and nothing of its values."""

    @event.listens_for(Engine, "before_cursor_execute")
    def begin(_connection: Any, _cursor: Any, _statement: Any, _parameters: Any, context: Any, _many: Any) -> None:
        context.began_ns = time.time_ns()

    @event.listens_for(Engine, "after_cursor_execute")
    def end(connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: Any) -> None:
        # Outside of a turn (sweeps, the desk's clockwork) statements are noise.
        if trace.get_current_span().get_span_context().is_valid:
            verb = (statement.split(None, 1) or [""])[0].upper()
            attributes = {"db.system": connection.dialect.name, "db.operation": verb}
            tracer.start_span("db", attributes=attributes, start_time=context.began_ns).end()
