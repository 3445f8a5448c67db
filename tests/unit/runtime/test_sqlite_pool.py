"""SQLite connections that stay open: shared, let go of clean, and never those of a file that is gone."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from bot.db import asking, engine_for, reading, writing


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    found = f"sqlite:///{tmp_path}/shop.db"
    with writing(found) as session:
        session.execute(text("CREATE TABLE things (name TEXT)"))
        session.execute(text("INSERT INTO things VALUES ('one')"))
    yield found
    engine_for(found).dispose()


def names(url: str) -> list[str]:
    with reading(url) as session:
        return list(session.execute(text("SELECT name FROM things ORDER BY name")).scalars())


def opened(engine: Engine) -> list[int]:
    found: list[int] = []
    event.listen(engine, "connect", lambda *_: found.append(1))
    return found


def test_one_use_after_another_shares_a_connection(url: str) -> None:
    count = opened(engine_for(url))
    for _ in range(20):
        assert names(url) == ["one"]
    assert not count


def test_a_single_question_needs_no_transaction(url: str) -> None:
    said: list[str] = []

    def listen(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_trace_callback(said.append)

    event.listen(engine_for(url), "checkout", listen)
    with asking(url) as connection:
        assert connection.execute(text("SELECT name FROM things")).scalar() == "one"
    assert said == ["SELECT name FROM things"]
    said.clear()
    assert names(url) == ["one"]  # the same connection, now for several questions of one moment
    assert said == ["BEGIN", "SELECT name FROM things ORDER BY name", "ROLLBACK"]


def test_uses_at_once_do_not_wait_for_each_other(url: str) -> None:
    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(lambda _: names(url), range(200)))
    assert found == [["one"]] * 200


def test_what_was_not_committed_is_gone_and_holds_nobody_up(url: str) -> None:
    with pytest.raises(RuntimeError), writing(url) as session:
        session.execute(text("INSERT INTO things VALUES ('two')"))
        raise RuntimeError
    connection = engine_for(url).execution_options(writes=True).connect()
    connection.execute(text("INSERT INTO things VALUES ('three')"))
    connection.close()
    with writing(url) as session:
        session.execute(text("INSERT INTO things VALUES ('four')"))
    assert names(url) == ["four", "one"]


def test_another_file_in_its_place_is_read(url: str, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute(f"VACUUM INTO '{backup}'")
    with writing(url) as session:
        session.execute(text("INSERT INTO things VALUES ('two')"))
    engines = [engine_for(url).connect() for _ in range(3)]  # several wait in the pool
    for connection in engines:
        connection.close()
    for rest in ("-wal", "-shm"):
        (tmp_path / f"shop.db{rest}").unlink(missing_ok=True)
    shutil.copy(backup, tmp_path / "restored.db")
    (tmp_path / "restored.db").replace(tmp_path / "shop.db")
    assert [names(url) for _ in range(4)] == [["one"]] * 4


def test_a_file_that_was_deleted_is_made_anew(url: str, tmp_path: Path) -> None:
    for rest in ("", "-wal", "-shm"):
        (tmp_path / f"shop.db{rest}").unlink(missing_ok=True)
    with writing(url) as session:
        session.execute(text("CREATE TABLE things (name TEXT)"))
    assert names(url) == []


def test_a_child_of_a_fork_opens_its_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/forked.db"
    with engine_for(url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE said (word TEXT)")
    ours = engine_for(url)
    child = os.fork()
    if not child:
        try:
            with engine_for(url).execution_options(writes=True).begin() as connection:
                connection.exec_driver_sql("INSERT INTO said VALUES ('child')")
            os._exit(0 if engine_for(url) is not ours else 2)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    with engine_for(url).connect() as connection:
        assert connection.exec_driver_sql("SELECT word FROM said").scalar_one() == "child"
    assert engine_for(url) is ours


def test_threads_that_write_at_once_all_come_to_it(url: str) -> None:
    with writing(url) as session:
        session.execute(text("CREATE TABLE counts (value INTEGER)"))
        session.execute(text("INSERT INTO counts VALUES (0)"))

    def count(_: int) -> None:
        with writing(url) as session:
            value = session.execute(text("SELECT value FROM counts")).scalar_one()
            session.execute(text("UPDATE counts SET value = :value"), {"value": value + 1})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(200)))
    with reading(url) as session:
        assert session.execute(text("SELECT value FROM counts")).scalar_one() == 200


def test_a_lock_that_another_process_gives_up_is_soon_taken(url: str) -> None:
    """SQLite itself would look again up to a tenth of a second later."""
    late = []
    for _ in range(4):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with ThreadPoolExecutor(1) as threads:
                taken = threads.submit(_write, url)
                time.sleep(0.35)
                other.execute("COMMIT")
                given_up = time.monotonic()
                late.append(taken.result() - given_up)
    assert min(late) < 0.04


def _write(url: str) -> float:
    with writing(url) as session:
        session.execute(text("INSERT INTO things VALUES ('more')"))
        return time.monotonic()


def test_a_lock_that_is_not_given_up_is_an_error_and_waiting_goes_on_afterwards(url: str) -> None:
    engine = engine_for(url)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with engine.execution_options(writes=True).connect() as connection:
            connection.connection.cursor().execute("PRAGMA busy_timeout=100")
            with pytest.raises(OperationalError, match="locked"):
                connection.begin()
            assert connection.connection.cursor().execute("PRAGMA busy_timeout").fetchone() == (100,)
            connection.connection.cursor().execute("PRAGMA busy_timeout=10000")
    _write(url)
    assert names(url) == ["more", "one"]
