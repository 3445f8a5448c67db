"""`python -m bot.launch.timed rasa|actions OPTIONS`: a server of `make run` that writes down where its time goes.

Each line of the file named by DIANXIAOER_TIMES is a JSON list: kind, name, beginning (seconds since the epoch),
duration (seconds). `bot.launch.bench_turn` reads it.
"""

import contextvars
import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

VARIABLE = "DIANXIAOER_TIMES"
PARSE, POLICIES, CALL, ACTION, STORE = "parse", "policies", "call", "action", "store"
TURN, HELD, EVENTS = "turn", "held", "events"  # with the lock and its wait, with the lock held, telling the events
Name = Callable[..., str]
Line = tuple[str, str, float, float]
Write = Callable[[Line], object]
_KEPT_SECONDS = 1.0
# Kinds that are being timed in this task: a store that reads while it saves counts once.
_inside: contextvars.ContextVar[frozenset[str]] = contextvars.ContextVar("inside", default=frozenset())


def _none(*_: Any, **__: Any) -> str:
    return ""


def timed(owner: type, method: str, kind: str, write: Write, name: Name = _none) -> None:
    """Let `owner.method`, a function or a coroutine, write a line for each call; `name` reads its arguments."""
    original = getattr(owner, method)

    def note(began: float, start: float, args: Any, kwargs: Any) -> None:
        write((kind, name(*args, **kwargs), began, time.perf_counter() - start))

    async def later(*args: Any, **kwargs: Any) -> Any:
        if kind in _inside.get():
            return await original(*args, **kwargs)
        began, start, token = time.time(), time.perf_counter(), _inside.set(_inside.get() | {kind})
        try:
            return await original(*args, **kwargs)
        finally:
            _inside.reset(token)
            note(began, start, args, kwargs)

    def now(*args: Any, **kwargs: Any) -> Any:
        if kind in _inside.get():
            return original(*args, **kwargs)
        began, start, token = time.time(), time.perf_counter(), _inside.set(_inside.get() | {kind})
        try:
            return original(*args, **kwargs)
        finally:
            _inside.reset(token)
            note(began, start, args, kwargs)

    setattr(owner, method, later if inspect.iscoroutinefunction(original) else now)


def _rasa(write: Write) -> Callable[[], None]:
    from rasa.core.actions.action import RemoteAction
    from rasa.core.agent import Agent
    from rasa.core.processor import MessageProcessor
    from rasa_sdk.executor import ActionExecutor

    from bot.events.broker import EventSpool
    from bot.launch import rasa_server
    from bot.runtime.trackers import WindowTrackerStore

    timed(Agent, "handle_message", TURN, write)
    timed(MessageProcessor, "handle_message", HELD, write)
    timed(EventSpool, "publish", EVENTS, write)
    timed(MessageProcessor, "parse_message", PARSE, write)
    timed(MessageProcessor, "_predict_next_with_tracker", POLICIES, write)
    timed(RemoteAction, "run", CALL, write, lambda action, *_: str(action.name()))
    timed(ActionExecutor, "run", ACTION, write, _called)  # where Rasa runs them itself
    timed(WindowTrackerStore, "save", STORE, write, lambda *_: "save")
    timed(WindowTrackerStore, "retrieve", STORE, write, lambda *_: "retrieve")
    return rasa_server.main


def _actions(write: Write) -> Callable[[], None]:
    from rasa_sdk.executor import ActionExecutor

    from bot.launch import action_server

    timed(ActionExecutor, "run", ACTION, write, _called)
    return action_server.main


def _called(_executor: Any, call: Any) -> str:
    return str(call.get("next_action", ""))


class Lines:
    """The lines of a file that several servers share, so that each write ends with a whole line.

    They are kept for up to a second: the notes shall not be what takes the time.
    """

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._kept: list[Line] = []
        self._lock = threading.Lock()
        self._written = time.monotonic()

    def write(self, line: Line) -> None:
        """Add a line."""
        with self._lock:
            self._kept.append(line)
        if time.monotonic() - self._written > _KEPT_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        with self._lock:
            kept, self._kept, self._written = self._kept, [], time.monotonic()
            os.write(self._file, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept).encode())


def main() -> None:
    """Run the server named first on the command line with the options after it."""
    server = {"rasa": _rasa, "actions": _actions}[sys.argv.pop(1)]
    lines = Lines(os.environ[VARIABLE])
    try:
        server(lines.write)()
    finally:
        lines.flush()


if __name__ == "__main__":
    main()
