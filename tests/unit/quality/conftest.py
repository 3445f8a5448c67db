"""Stores of the test's own on each kind of database, and conversations to put into them."""

import os
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from bot.db import engine_for, upgrade
from bot.quality.inspector import Inspector
from bot.quality.meaning import Meaning
from bot.quality.reader import load_rules
from bot.settings import Settings

SERVER = os.environ.get("DIANXIAOER_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture
def postgres_url() -> Iterator[str]:
    name = f"dianxiaoer_test_{uuid.uuid4().hex[:12]}"
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except OperationalError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"没有 PostgreSQL 服务：{error.orig}")
    url = f"{SERVER.rsplit('/', 1)[0]}/{name}"
    yield url
    engine_for(url).dispose()
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path}/all.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    for room in ("events", "conversations", "shop", "quality"):
        upgrade(url, room)
    return Settings(var=tmp_path, shop_url=url, events_url=url, chat_url=url)


class NoMeaning(Meaning):
    """Words alone decide, so that no test waits for an encoder."""

    def learn(self, pairs: object) -> None:
        self._vectors = {}


@pytest.fixture
def inspector() -> Inspector:
    return Inspector(load_rules(), NoMeaning())


def beijing(text: str) -> datetime:
    """A moment of November 2026 in the shop's time, as "24 10:00:05"."""
    day, time = text.split(" ")
    return datetime.fromisoformat(f"2026-11-{day}T{time}+08:00")
