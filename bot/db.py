"""Database engines, sessions and migrations for every store of the house.

A store is a set of tables with its own migrations (`bot/<room>/migrations`), so that several may share one database.
"""

import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import lru_cache, wraps
from pathlib import Path
from threading import RLock
from typing import Any, ParamSpec, TypeVar
from weakref import WeakSet

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import DateTime, create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from bot import mysql
from bot.brief import WouldWait, hurried
from bot.database_url import is_file, is_mysql
from bot.mysql_migrations import Resumed, migrating_alone
from bot.observing.pools import WatchedPool

logger = logging.getLogger(__name__)

_BUSY_SECONDS = 10  # how long SQLite waits for another process's transaction
_LOOK_SECONDS = 0.001  # between looks whether it is over; SQLite's own pauses grow to a tenth of a second
_MIGRATING, _MIGRATING_SECONDS = 7_430_155, 600
_ONE_MIGRATION = RLock()
_TRIES = 5  # of a transaction that lost against another one
_LOST = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock
_P = ParamSpec("_P")
_T = TypeVar("_T")
_FILES: WeakSet[Engine] = WeakSet()
_INHERITED: list[Engine] = []


@lru_cache(maxsize=16)
def engine_for(url: str) -> Engine:
    """The engine of this process for `url`, made once."""
    if is_mysql(url):
        return mysql.engine_of(url)
    if not is_file(url):
        name = make_url(url).database
        return create_engine(url, pool_pre_ping=True, future=True, poolclass=WatchedPool, pool_logging_name=name)
    database = make_url(url).database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    # SQLAlchemy would open a file anew for every use, and whoever closes it last writes the whole log back to it.
    kept: dict[str, Any] = {"poolclass": QueuePool, "max_overflow": -1} if database and database != ":memory:" else {}
    arguments = {"check_same_thread": False, "timeout": _BUSY_SECONDS}
    engine = create_engine(url, future=True, connect_args=arguments, **kept)
    event.listen(engine, "connect", _prepare_sqlite)
    if kept:
        _watch_file(engine, str(database))
        _FILES.add(engine)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling begins too late (at the first write); _begin_sqlite takes it over.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")


def _watch_file(engine: Engine, path: str) -> None:
    """Open the file anew where another one has taken its place, as a backup that was restored."""

    def note(_connection: Any, record: Any) -> None:
        record.info["file"] = _identity(path)

    def look(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get("file") != _identity(path):
            raise DisconnectionError(f"{path} is another file now")

    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", look)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _forget_in_child() -> None:
    # On the other side of a fork SQLite's connections may not be used, nor even closed.
    _INHERITED.extend(_FILES)
    _FILES.clear()
    engine_for.cache_clear()
    _turn.cache_clear()


os.register_at_fork(after_in_child=_forget_in_child)


def _begin_sqlite(connection: Any) -> None:
    # A reader that turns writer inside a transaction can fail at once with SQLITE_BUSY; who will write says so first.
    options = connection.get_execution_options()
    if options.get("asks", False):
        return
    if options.get("writes", False):
        _begin_writing(connection)
    else:
        connection.connection.cursor().execute("BEGIN")  # SQLAlchemy's way to say it takes longer than a short query


def _begin_writing(connection: Any) -> None:
    """Wait for the lock as long as `busy_timeout` says, but look often: who sleeps long finds it taken again.

    Raises:
        WouldWait: it is taken, and the work is in haste.
    """
    haste = hurried()
    cursor = connection.connection.cursor()
    (patience,) = cursor.execute("PRAGMA busy_timeout").fetchone()
    end = time.monotonic() + patience / 1000
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < end:
            try:
                cursor.execute("BEGIN IMMEDIATE")
                if haste:
                    haste.writes = True
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
            if haste:
                raise WouldWait
            time.sleep(_LOOK_SECONDS)
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # what it raises now is SQLAlchemy's
    finally:
        cursor.execute(f"PRAGMA busy_timeout={patience}")
        cursor.close()


@lru_cache(maxsize=16)
def _turn(url: str) -> Any:
    """The lock by which the threads of this process take turns in writing."""
    return RLock()


@contextmanager
def _taking_turns(url: str) -> Iterator[None]:
    # Else each thread would look for SQLite's lock by itself, and those that wait would keep the one that works from
    # working. Who waits too long goes on, and SQLite says what is wrong.
    if not is_file(url):
        yield
        return
    turn = _turn(url)
    haste = hurried()
    mine = turn.acquire(timeout=0 if haste else _BUSY_SECONDS)
    if haste and not mine:
        raise WouldWait
    try:
        yield
    finally:
        if mine:
            turn.release()


@contextmanager
def asking(url: str) -> Iterator[Connection]:
    """A connection for questions that need not see the same moment.

    SQLite answers each without a transaction around it, which costs as much again.
    """
    with engine_for(url).connect().execution_options(asks=True) as connection:
        yield connection


@contextmanager
def reading(url: str) -> Iterator[Session]:
    """A session for reading; nothing is committed."""
    with Session(engine_for(url), future=True, expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(url: str) -> Iterator[Session]:
    """A session for one transaction: committed at the end of the block, rolled back on an error."""
    engine = engine_for(url).execution_options(writes=True)
    with (
        _taking_turns(url),
        Session(engine, future=True, expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


def repeated(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Run `function` again when its transaction lost against another one: a deadlock, or a lock that took too long.

    For functions that open their own transaction and have done nothing outside of it by then.
    """

    @wraps(function)
    def run(*args: _P.args, **values: _P.kwargs) -> _T:
        for number in range(1, _TRIES):
            try:
                return function(*args, **values)
            except DBAPIError as error:
                if not _lost(error):
                    raise
                logger.info("A transaction of %s lost against another one (try %d)", function.__name__, number)
            time.sleep(random.uniform(0, 0.02 * number))  # not again in step with the other one
        return function(*args, **values)

    return run


def _lost(error: BaseException | None) -> bool:
    while error is not None:  # MySQL ends the whole transaction: rolling back to a savepoint fails after it
        if getattr(getattr(error, "orig", None), "pgcode", None) in _LOST or mysql.number_of(error) in mysql.LOST:
            return True
        error = error.__context__
    return False


def migration_config(url: str, room: str) -> Config:
    """Alembic's configuration for the store of `room` (as "shop") in the database `url`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / room / "migrations"))
    config.attributes["url"] = url
    config.attributes["room"] = room
    config.attributes["version_table"] = f"alembic_version_{room}"
    return config


def upgrade(url: str, room: str) -> None:
    """Bring the tables of `room` in the database `url` to the newest version.

    Threads take turns: `alembic.op` and `alembic.context` are one a process, and a second thread that migrates at the
    same time would send its statements over the first one's connection.

    Tables that are newer than this code stay as they are: while a new version takes the place of the old one, servers
    of both run side by side, and the old ones must be able to start again. A release changes tables so that its
    predecessor can still use them (docs/operations.md).
    """
    config = migration_config(url, room)
    with _ONE_MIGRATION:
        try:
            command.upgrade(config, "head")
        except CommandError:
            if not _is_newer(config):
                raise
            logger.warning("The tables of %s are newer than this code", room)


def _is_newer(config: Config) -> bool:
    """Whether the tables stand at a version that this code does not know."""
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    options = {"version_table": config.attributes["version_table"]}
    with engine_for(config.attributes["url"]).connect() as connection:
        return MigrationContext.configure(connection, opts=options).get_current_revision() not in {None, *known}


class UtcDateTime(TypeDecorator):
    """Aware datetimes outside, naive UTC in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse naive values: nobody can tell their zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime for the database needs a time zone")
        return value.astimezone(timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Give the zone back."""
        return value.replace(tzinfo=timezone.utc) if value else None


@contextmanager
def _migrating_alone(connection: Any) -> Iterator[None]:
    """Of several processes that migrate a database at once one works, the others wait and find it done.

    SQLite: BEGIN IMMEDIATE of `_begin_sqlite` is the lock, and this lets it be waited for as long as it takes.
    """
    if connection.dialect.name == "mysql":
        with migrating_alone(connection, f"dianxiaoer_{_MIGRATING}", _MIGRATING_SECONDS):
            yield
        return
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
    yield


def _wait_for_sqlite(connection: Any, seconds: float) -> None:
    if connection.dialect.name == "sqlite":
        # Past SQLAlchemy, which would begin the transaction first.
        connection.connection.cursor().execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")


def run_migrations(context: Any, metadata: Any) -> None:
    """What a store's Alembic environment does: migrate its own tables in one transaction (MySQL: in resumable steps).

    Args:
        context: `alembic.context`, configured by `migration_config`.
        metadata: the store's tables; others may live in the same database.
    """
    options = context.config.attributes
    with engine_for(options["url"]).execution_options(writes=True).connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            version_table=options["version_table"],
            include_name=lambda name, kind, _parents: kind != "table" or name in metadata.tables,
            render_as_batch=True,  # SQLite cannot alter a table in place
            # Alembic takes it that SQLite's driver cannot; with `_begin_sqlite` it can, and another process must not
            # come between two migrations.
            transactional_ddl=True if connection.dialect.name == "sqlite" else None,
            on_version_apply=_applied,
        )
        implementation = context.get_context().impl
        _wait_for_sqlite(connection, _MIGRATING_SECONDS)
        with context.begin_transaction(), _migrating_alone(connection):
            if isinstance(implementation, Resumed):
                implementation.watch(context.get_context(), options["room"])
            context.run_migrations()
            if isinstance(implementation, Resumed):
                implementation.finish()
        connection.commit()
        _wait_for_sqlite(connection, _BUSY_SECONDS)


def _applied(*, ctx: Any, heads: set[str], **_step: Any) -> None:
    if isinstance(ctx.impl, Resumed):
        ctx.impl.applied(heads)
