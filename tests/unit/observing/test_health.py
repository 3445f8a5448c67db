"""Readiness: what is missing is named within the deadline, whatever hangs; numbers are for the machine alone."""

import asyncio
import threading
import time
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sanic_serving import serving
from sqlalchemy.exc import OperationalError

from bot.db import engine_for, upgrade
from bot.observing import access
from bot.observing.health import Loaded, Readiness, database
from bot.observing.on_aiohttp import add_observing
from bot.observing.on_sanic import add_observing as add_to_sanic


def _broken() -> None:
    raise ConnectionError("postgresql://user:secret@db.internal/shop refused")


async def test_names_what_is_missing_and_nothing_else() -> None:
    assert await Readiness({"chat_store": lambda: None}).missing() == []
    assert await Readiness({"chat_store": _broken, "encoder": Loaded(), "model": bool}).missing() == [
        "chat_store",
        "encoder",
    ]
    assert await Readiness({}).missing() == []


async def test_a_check_that_hangs_is_missing_in_time_and_asked_once() -> None:
    let_go, asked = threading.Event(), []

    def hangs() -> None:
        asked.append(1)
        let_go.wait(30)

    readiness = Readiness({"shop_store": hangs, "chat_store": lambda: None}, deadline=0.1, kept=0.0)
    try:
        began = time.monotonic()
        assert await readiness.missing() == ["shop_store"]
        assert await readiness.missing() == ["shop_store"]
        assert time.monotonic() - began < 10 and asked == [1]
        let_go.set()
        readiness._deadline = 10.0
        assert await readiness.missing() == []
    finally:
        let_go.set()
        readiness.close()


async def test_two_who_ask_at_once_share_the_checks() -> None:
    asked: list[int] = []

    def slow() -> None:
        asked.append(1)
        time.sleep(0.1)
        raise ConnectionError("away")

    readiness = Readiness({"shop_store": slow, "chat_store": lambda: None}, deadline=10.0)
    answers = await asyncio.gather(readiness.missing(), readiness.missing(), readiness.missing())
    assert answers == [["shop_store"]] * 3 and asked == [1]
    readiness.close()


async def test_an_answer_counts_for_a_moment() -> None:
    asked: list[int] = []
    readiness = Readiness({"chat_store": lambda: asked.append(1)}, kept=60.0)
    for _ in range(5):
        assert await readiness.missing() == []
    assert asked == [1]


def test_a_database_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    check = database(f"sqlite:///{tmp_path}/chat.db")
    with pytest.raises(FileNotFoundError):
        check()
    assert not (tmp_path / "chat.db").exists()
    upgrade(f"sqlite:///{tmp_path}/chat.db", "channels")
    check()
    engine_for(f"sqlite:///{tmp_path}/chat.db").dispose()  # whoever keeps the file open still reads it from its log
    (tmp_path / "chat.db").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(Exception, match="not a database"):
        check()


def test_postgres_answers_or_not(postgres_url: str) -> None:
    database(postgres_url)()
    with pytest.raises(OperationalError):
        database(postgres_url.rpartition("/")[0] + "/no_such_database")()


def test_mariadb_answers_or_not(mysql_url: str) -> None:
    database(mysql_url)()
    with pytest.raises(OperationalError):
        database(mysql_url.rpartition("/")[0] + "/no_such_database")()


async def test_routes_of_both_kinds_of_server() -> None:
    loaded = Loaded()
    app = web.Application()
    add_observing(app, {"model": loaded})
    async with (
        TestClient(TestServer(app)) as client,
        serving(lambda sanic: add_to_sanic(sanic, {"model": loaded})) as address,
        aiohttp.ClientSession() as http,
    ):
        for base in (str(client.make_url("")).rstrip("/"), address):
            assert (await http.get(f"{base}/healthz")).status == 200
            answer = await http.get(f"{base}/readyz")
            assert answer.status == 503 and (await answer.json())["missing"] == ["model"]
            numbers = await http.get(f"{base}/metrics")
            assert numbers.status == 200 and "dianxiaoer_turn_seconds" in await numbers.text()
            assert numbers.headers["Content-Type"].startswith("text/plain; version=")
            through_a_proxy = await http.get(f"{base}/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
            assert through_a_proxy.status == 404 and "dianxiaoer_" not in await through_a_proxy.text()
        loaded.done()


@pytest.mark.parametrize(
    ("peer", "headers", "allowed"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("10.1.2.3", {}, False),
        (None, {}, False),
        ("unix", {}, False),
        ("127.0.0.1", {"x-forwarded-for": "8.8.8.8"}, False),
        ("127.0.0.1", {"forwarded": "for=8.8.8.8"}, False),
        ("10.1.2.3", {"authorization": "Bearer 0123456789abcdef"}, True),
        ("10.1.2.3", {"authorization": "Bearer 0123456789abcdeF"}, False),
        ("10.1.2.3", {"authorization": "Basic 0123456789abcdef"}, False),
        ("127.0.0.1", {"via": "nginx", "authorization": "bearer 0123456789abcdef"}, True),
    ],
)
def test_who_may_read_the_numbers(
    peer: str | None, headers: dict[str, str], allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(access.TOKEN, "0123456789abcdef")
    assert access.may_read(peer, headers) is allowed


def test_a_short_token_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for token in ("", "short"):
        monkeypatch.setenv(access.TOKEN, token)
        assert not access.may_read("10.1.2.3", {"authorization": f"Bearer {token}"})
