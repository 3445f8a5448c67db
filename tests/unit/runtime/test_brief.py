"""Brief database work: in place for a file, in a thread elsewhere and where it would have to wait."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.brief import WouldWait, run_brief
from bot.db import engine_for, reading, writing

_WHILE = 0.3  # seconds that another process holds the lock


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    address = f"sqlite:///{tmp_path}/brief.db"
    with writing(address) as session:
        session.execute(text("CREATE TABLE said (word TEXT)"))
    yield address
    engine_for(address).dispose()


def say(url: str, word: str) -> int:
    with writing(url) as session:
        session.execute(text("INSERT INTO said VALUES (:word)"), {"word": word})
    return threading.get_ident()


def said(url: str) -> list[str]:
    with reading(url) as session:
        return list(session.execute(text("SELECT word FROM said ORDER BY rowid")).scalars())


class OtherProcess:
    """Holds the lock of the database for a while, as a connection that is not ours."""

    def __init__(self, url: str) -> None:
        self._path = url.removeprefix("sqlite:///")
        self._thread = threading.Thread(target=self._hold)
        self.has_it = threading.Event()

    def __enter__(self) -> "OtherProcess":
        self._thread.start()
        assert self.has_it.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _hold(self) -> None:
        with sqlite3.connect(self._path, isolation_level=None) as connection:
            connection.execute("BEGIN IMMEDIATE")
            self.has_it.set()
            time.sleep(_WHILE)
            connection.execute("COMMIT")
        connection.close()


async def test_a_files_work_is_done_in_place(url: str) -> None:
    assert await run_brief(lambda: say(url, "好"), url) == threading.get_ident()
    assert said(url) == ["好"]


async def test_work_behind_a_network_is_done_in_a_thread(url: str) -> None:
    assert await run_brief(threading.get_ident, "postgresql://127.0.0.1/shop") != threading.get_ident()
    assert await run_brief(threading.get_ident, url, "mysql+pymysql://127.0.0.1/shop") != threading.get_ident()


async def test_what_would_wait_for_another_process_is_done_in_a_thread(url: str) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    beating = asyncio.create_task(beat())
    with OtherProcess(url):
        assert await run_brief(lambda: say(url, "等等"), url) != threading.get_ident()
    beating.cancel()
    assert said(url) == ["等等"]
    assert beats > 5  # the others were served meanwhile


async def test_what_would_wait_for_another_thread_is_done_in_a_thread(url: str) -> None:
    begun, end = threading.Event(), threading.Event()

    def long() -> None:
        with writing(url) as session:
            session.execute(text("INSERT INTO said VALUES ('先来')"))
            begun.set()
            end.wait(5)

    thread = threading.Thread(target=long)
    thread.start()
    assert begun.wait(5)
    later = asyncio.create_task(run_brief(lambda: say(url, "后到"), url))
    await asyncio.sleep(0.05)
    assert not later.done()
    end.set()
    assert await later != threading.get_ident()
    thread.join()
    assert said(url) == ["先来", "后到"]


async def test_what_has_written_is_not_begun_anew(url: str) -> None:
    runs = 0

    def twice() -> None:
        nonlocal runs
        runs += 1
        say(url, "一")
        with OtherProcess(url):
            say(url, "二")

    await run_brief(twice, url)
    assert runs == 1
    assert said(url) == ["一", "二"]


async def test_errors_of_the_work_come_through(url: str) -> None:
    def fails() -> None:
        with writing(url) as session:
            session.execute(text("INSERT INTO said VALUES ('x')"))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await run_brief(fails, url)
    assert said(url) == []


def test_other_work_waits(url: str) -> None:
    with OtherProcess(url):
        try:
            say(url, "不急")
        except WouldWait:
            pytest.fail("nobody said that it is in haste")
    assert said(url) == ["不急"]
