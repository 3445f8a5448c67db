"""Database engines, sessions and migrations for every store of the house.

A store is a set of tables with its own migrations (`bot/<room>/migrations`), so that several may share one database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session


@lru_cache(maxsize=8)
def engine_for(url: str) -> Engine:
    """The engine of this process for `url`, made once."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, future=True)
    database = make_url(url).database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, future=True, connect_args={"check_same_thread": False, "timeout": 10})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling begins too late (at the first write); _begin_sqlite takes it over.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin_sqlite(connection: Any) -> None:
    # A reader that turns writer inside a transaction can fail at once with SQLITE_BUSY; who will write says so first.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(url: str) -> Iterator[Session]:
    """A session for reading; nothing is committed."""
    with Session(engine_for(url), future=True, expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(url: str) -> Iterator[Session]:
    """A session for one transaction: committed at the end of the block, rolled back on an error."""
    engine = engine_for(url).execution_options(writes=True)
    with Session(engine, future=True, expire_on_commit=False) as session, session.begin():
        yield session


def migration_config(url: str, room: str) -> Config:
    """Alembic's configuration for the store of `room` (as "shop") in the database `url`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / room / "migrations"))
    config.attributes["url"] = url
    config.attributes["version_table"] = f"alembic_version_{room}"
    return config


def upgrade(url: str, room: str) -> None:
    """Bring the tables of `room` in the database `url` to the newest version."""
    command.upgrade(migration_config(url, room), "head")
