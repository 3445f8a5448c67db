"""Whether a server lives (`/healthz`: it answers) and whether it may get work (`/readyz`: nothing is missing)."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.pool import NullPool

from bot.database_url import is_file, with_driver

logger = logging.getLogger(__name__)

DEADLINE = 2.0  # seconds in which every check must have ended well
_KEPT = 1.0  # seconds for which an answer counts: whoever asks often costs the databases nothing
Check = Callable[[], object]  # raises when what it looks at is not there
ALIVE = {"status": "ok"}


class Readiness:
    """Asks several checks at once; their names, as endpoints.yml has them, are all that anybody outside learns."""

    def __init__(self, checks: Mapping[str, Check], deadline: float = DEADLINE, kept: float = _KEPT) -> None:
        self._checks, self._deadline, self._kept = dict(checks), deadline, kept
        # Threads of its own: a database that hangs must not take those that customers' turns need.
        self._threads = ThreadPoolExecutor(max(1, len(self._checks)), thread_name_prefix="readiness")
        self._running: dict[str, asyncio.Future[str]] = {}
        self._missing: list[str] = []
        self._until = float("-inf")

    async def missing(self) -> list[str]:
        """The names of what is not there, in the order of the checks; [] when the server is ready."""
        if time.monotonic() < self._until:
            return self._missing
        loop = asyncio.get_running_loop()
        for name, check in self._checks.items():
            if name not in self._running:  # one that hangs is not asked a second time
                self._running[name] = loop.run_in_executor(self._threads, _problem, check)
        asked = dict(self._running)  # another request may wait for the same checks
        if asked:
            await asyncio.wait(asked.values(), timeout=self._deadline)
        ended = {name: one.result() for name, one in asked.items() if one.done()}
        for name in ended:
            if self._running.get(name) is asked[name]:
                del self._running[name]
        found = {name: ended.get(name, "no answer in time") for name in self._checks}
        missing = [name for name in self._checks if found[name]]
        if missing != self._missing:
            logger.warning(
                "Not ready: %s", {name: found[name] for name in missing} if missing else "nothing, all is back"
            )
        self._missing, self._until = missing, time.monotonic() + self._kept
        return missing

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _problem(check: Check) -> str:
    """What is wrong, or "": an exception would be lost when nobody waits for the check any more."""
    try:
        check()
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return ""


def database(url: str) -> Check:
    """Looks whether the database answers, over a connection of its own: a busy pool is no broken database."""

    def look() -> None:
        parsed = make_url(url)
        if is_file(url):
            if parsed.database and parsed.database != ":memory:" and not Path(parsed.database).is_file():
                raise FileNotFoundError(parsed.database)  # connecting would make an empty one
            statement = "SELECT count(*) FROM sqlite_master"  # a bare SELECT 1 does not read the file
        else:
            statement = "SELECT 1"
        with _engine(url).connect() as connection:
            connection.exec_driver_sql(statement)

    return look


@lru_cache(maxsize=16)
def _engine(url: str) -> Engine:
    url = with_driver(url)
    seconds = {"timeout" if is_file(url) else "connect_timeout": int(DEADLINE)}
    return create_engine(url, poolclass=NullPool, future=True, connect_args=seconds)


class Loaded:
    """A check of something that a thread loads at the start: missing until `done` was called."""

    def __init__(self) -> None:
        self._done = False

    def done(self) -> None:
        """It is there, or it is known that the server does its work without."""
        self._done = True

    def __call__(self) -> None:
        if not self._done:
            raise RuntimeError("still loading")
