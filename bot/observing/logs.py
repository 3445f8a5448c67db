"""The log of a process: each line names its conversation, nothing personal is in it; as text, or as JSON for machines.

DIANXIAOER_LOG=json chooses JSON: one object a line with time (UTC), level, logger, service, conversation, message,
error (a traceback), and what Rasa tells of an event under its own names in `fields`.
"""

import json
import logging
import re
import sys
from datetime import datetime, timezone
from typing import Any

from bot.events.masking import mask, mask_text
from bot.observing.context import conversation
from bot.settings import Settings

_QUIET = ("aiohttp.access", "alembic", "apscheduler", "aio_pika", "aiormq", "matplotlib", "sanic.access", "urllib3")
_OWN_HANDLERS = ("sanic.root", "sanic.error", "sanic.access", "aiohttp.server")  # as their libraries set them up
_OF_RASA = ("event", "event_info", "level", "timestamp")  # parts of a structlog line that have a place of their own
_MODEL = re.compile(r"\d{8}-\d{6}-[a-z]+-[a-z]+")  # a model's name would pass for the number of a card
_plain = logging.Formatter()


class Personal(logging.Filter):
    """Adds the conversation's id to a record and takes everything personal out of its words and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record through."""
        record.conversation = conversation()
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit; the handler reports it
            return True
        told = _told_by_rasa(record.name, message)
        if told is None:
            record.msg, record.args = _masked(message), None
        else:
            record.msg, record.args = _masked(str(told.get("event_info") or told["event"])), None
            record.fields = {name: mask(value) for name, value in told.items() if name not in _OF_RASA}
        if record.exc_info and record.exc_info[0] is not None:
            # Formatters use the text where it stands already; errors of a database quote the values.
            record.exc_text = _masked(_plain.formatException(record.exc_info))
        return True


def _told_by_rasa(logger: str, message: str) -> dict[str, Any] | None:
    """Rasa hands its events over as finished JSON, Chinese escaped: nothing could be masked in it as it is."""
    if not logger.startswith("rasa") or not message.startswith("{"):
        return None
    try:
        told = json.loads(message)
    except ValueError:
        return None
    return told if isinstance(told, dict) and "event" in told else None


def _masked(text: str) -> str:
    kept = _MODEL.findall(text)
    pieces = [mask_text(piece) for piece in _MODEL.split(text)]
    return "".join(piece + name for piece, name in zip(pieces, [*kept, ""], strict=True))


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, Chinese readable."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "service": self._service,
        }
        if getattr(record, "conversation", ""):
            line["conversation"] = record.conversation  # type: ignore[attr-defined]
        line["message"] = record.getMessage()
        if getattr(record, "fields", None):
            line["fields"] = record.fields  # type: ignore[attr-defined]
        if record.exc_text:
            line["error"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """One line for people, tracebacks below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s - %(message)s%(about)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, its conversation at the end."""
        found, fields = getattr(record, "conversation", ""), getattr(record, "fields", None)
        rest = f" {json.dumps(fields, ensure_ascii=False, default=str)}" if fields else ""
        record.about = rest + (f" [会话 {found}]" if found else "")
        return super().format(record)


def configure(settings: Settings, service: str) -> None:
    """Let the whole process log to the standard error; called again it takes over what a library set up since."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Personal())
    handler.setFormatter(JsonLines(service) if settings.log == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    if root.level > logging.INFO or root.level == logging.NOTSET:
        root.setLevel(logging.INFO)
    for name in _OWN_HANDLERS:
        one = logging.getLogger(name)
        one.handlers.clear()
        one.propagate = True
    logging.captureWarnings(settings.log == "json")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
