"""Traces: nothing is imported without them; with them the spans of a turn hang together across processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine

from bot.observing import tracing
from bot.observing.context import about
from bot.observing.turns import turn
from bot.observing_settings import Traces
from bot.settings import ROOT


def test_without_traces_nothing_is_imported_and_nothing_made() -> None:
    code = (
        "import sys; from bot.observing import tracing; from bot.observing.turns import turn;"
        "from bot.observing_settings import Traces; tracing.configure(Traces(), 'rasa')\n"
        "with turn('web', 'c'), tracing.span('nlu'): assert tracing.carrier() == {}\n"
        "assert tracing.span('a') is tracing.span('b') is tracing.continued({'traceparent': 'x'})\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_missing_libraries_are_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "bot.observing.exporting", raising=False)
    import bot.observing

    monkeypatch.delattr(bot.observing, "exporting", raising=False)
    with pytest.raises(tracing.TracesMissing, match="tracing"):
        tracing.configure(Traces(type="console"), "rasa")


@pytest.mark.parametrize("wrong", [{"type": "otlp"}, {"type": "otlp", "url": "collector:4318"}, {"share": 2}])
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Traces(**wrong)


@pytest.fixture
def spans() -> Iterator[Any]:
    """What is traced; `spans()` gives name → span."""
    pytest.importorskip("opentelemetry.sdk", reason="the extra `tracing` is not installed")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider.get_tracer("test"))
    yield lambda: {one.name: one for one in exporter.get_finished_spans()}
    tracing.use(None)


def test_a_turn_hangs_together_across_the_inbox_and_the_webhook(spans: Any) -> None:
    with tracing.span("receive", channel="wechat"):
        beside_the_message = tracing.carrier()
    with turn("wechat", "c1", beside_the_message):
        with tracing.span("nlu"):
            pass
        with tracing.span("action call"):
            headers = tracing.carrier()
    with tracing.continued({"Traceparent": "", **headers}), about("c1"), tracing.span("action", action="action_stock"):
        pass
    with tracing.continued(tracing.last_turn("c1")), tracing.span("send"):
        pass
    found = spans()
    assert {one.context.trace_id for one in found.values()} == {found["receive"].context.trace_id}
    parents = {name: one.parent.span_id if one.parent else None for name, one in found.items()}
    assert parents["receive"] is None and parents["turn"] == found["receive"].context.span_id
    assert parents["nlu"] == parents["action call"] == parents["send"] == found["turn"].context.span_id
    assert parents["action"] == found["action call"].context.span_id
    assert found["action"].attributes == {"action": "action_stock", "conversation": "c1"}


def test_an_error_is_marked_without_its_words(spans: Any) -> None:
    with pytest.raises(ValueError, match="13812345678"), tracing.span("action"):
        raise ValueError("13812345678")
    one = spans()["action"]
    assert not one.status.is_ok and one.attributes["error.type"] == "ValueError"
    assert "13812345678" not in one.to_json()


def test_statements_of_a_turn_are_spans_without_their_values(spans: Any) -> None:
    from bot.observing.exporting import trace_databases

    trace_databases(tracing._tracer)
    with create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert "db" not in spans()
        with tracing.span("turn"):
            connection.exec_driver_sql("select 'secret'")
    one = spans()["db"]
    assert one.attributes == {"db.system": "sqlite", "db.operation": "SELECT"} and "secret" not in one.to_json()
    assert one.parent.span_id == spans()["turn"].context.span_id


def test_only_so_many_conversations_are_remembered(spans: Any) -> None:
    for number in range(1_100):
        tracing.remember(f"c{number}")
    assert tracing.last_turn("c0") is None and tracing.last_turn("c1099") is not None


def test_a_process_tells_its_spans_on_the_console() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra `tracing` is not installed")
    code = (
        "from bot.observing import tracing; from bot.observing_settings import Traces;"
        "tracing.configure(Traces(type='console'), 'web')\nwith tracing.span('turn'): pass"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=os.environ)
    assert '"name": "turn"' in done.stdout and "dianxiaoer-web" in done.stdout, done.stderr
