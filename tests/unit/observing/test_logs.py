"""Lines of the log: one JSON object each, with their conversation and without anything personal."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bot.observing import logs
from bot.observing.context import about, conversation
from bot.settings import ROOT, Settings, SettingsError, get_settings


class Kept(logging.Handler):
    """Formats what it gets as a server's handler does."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.addFilter(logs.Personal())
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("rasa.watching.test")
    made.propagate, before = False, made.level
    made.setLevel(logging.INFO)
    yield made
    made.handlers.clear()
    made.propagate = True
    made.setLevel(before)


def _json(logger: logging.Logger) -> Kept:
    logger.addHandler(kept := Kept(logs.JsonLines("rasa")))
    return kept


async def test_lines_of_tasks_and_threads_name_their_conversation(logger: logging.Logger) -> None:
    kept = _json(logger)

    async def turn(name: str) -> None:
        with about(name):
            await asyncio.sleep(0)
            logger.info("thinking")
            await asyncio.to_thread(logger.info, "storing")

    await asyncio.gather(turn("a"), turn("b"))
    logger.info("sweeping")
    found = [json.loads(line) for line in kept.lines]
    assert sorted((one.get("conversation"), one["message"]) for one in found[:-1]) == [
        ("a", "storing"),
        ("a", "thinking"),
        ("b", "storing"),
        ("b", "thinking"),
    ]
    assert "conversation" not in found[-1] and conversation() == ""
    assert {"time", "level", "logger", "service"} <= set(found[0])


def test_nothing_personal_in_words_arguments_and_tracebacks(logger: logging.Logger) -> None:
    kept = _json(logger)
    logger.addHandler(text := Kept(logs.TextLines()))
    try:
        raise ValueError("INSERT … ('13812345678', 'li@example.com')")
    except ValueError:
        logger.exception("电话 %s 的顾客住中山路12号3单元", "138-1234-5678")
    told = json.loads(kept.lines[0])
    assert told["message"] == "电话 138****5678 的顾客住中山路**号"
    assert "138****5678" in told["error"] and "ValueError" in told["error"] and "test_logs.py" in told["error"]
    for line in (kept.lines[0], text.lines[0]):
        assert "13812345678" not in line and "1234-5678" not in line and "li@example.com" not in line
    assert "Traceback" in text.lines[0]


def test_rasas_events_become_fields(logger: logging.Logger) -> None:
    kept = _json(logger)
    logger.info(json.dumps({"event": "processor.parse", "event_info": "Parsed", "text": "我叫王小明", "level": "info"}))
    logger.info("{not json")
    logger.info("Loading model models/20261126-050828-metal-prune.tar.gz")
    told = [json.loads(line) for line in kept.lines]
    assert told[0]["message"] == "Parsed" and told[0]["fields"] == {"text": "我叫王**"}
    assert told[1]["message"] == "{not json"
    assert told[2]["message"].endswith("20261126-050828-metal-prune.tar.gz")


def test_wrong_arguments_and_odd_values_break_no_line(logger: logging.Logger) -> None:
    kept = _json(logger)
    logging.raiseExceptions, before = False, logging.raiseExceptions
    try:
        logger.handlers[0].handle(logger.makeRecord("x", 20, "f", 1, "%d of %d", ("one",), None))
    except TypeError:
        pass  # as with any handler that is asked for its text directly
    finally:
        logging.raiseExceptions = before
    logger.info("line\nbreak \x1b[31m")
    assert len(kept.lines[-1].splitlines()) == 1 and json.loads(kept.lines[-1])["message"].startswith("line\nbreak")


def test_a_process_logs_as_the_environment_says() -> None:
    code = (
        "import logging, warnings; from bot.observing import logs; from bot.settings import get_settings;"
        "logging.basicConfig(); logs.configure(get_settings(), 'web'); logging.getLogger('x').warning('您好');"
        "logging.getLogger('aiohttp.access').info('GET /secret')"
    )
    for kind in ("json", "text"):
        environment = {**os.environ, "DIANXIAOER_LOG": kind}
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
        lines = done.stderr.strip().splitlines()
        assert done.returncode == 0 and len(lines) == 1, done.stderr
        if kind == "json":
            assert json.loads(lines[0]) | {"time": ""} == {
                "time": "", "level": "WARNING", "logger": "x", "service": "web", "message": "您好"
            }  # fmt: skip
        else:
            assert lines[0].endswith("WARNING x - 您好")


def test_another_kind_of_log_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIANXIAOER_LOG", "xml")
    get_settings.cache_clear()
    with pytest.raises(SettingsError, match="DIANXIAOER_LOG"):
        get_settings()
    get_settings.cache_clear()
    assert Settings().log == "text"
