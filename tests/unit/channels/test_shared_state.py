"""What the processes of a channel share: seen requests, tokens fetched once, sending quotas; SQLite and PostgreSQL."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from bot.channels import shared
from bot.channels.api import TokenRefused, with_token
from bot.channels.shared_tables import Base
from bot.channels.tokens import AccessToken
from bot.clock import freeze
from bot.db import engine_for

NOON = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    made = f"sqlite:///{tmp_path}/chat.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = engine_for(made)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
    yield made
    engine.dispose()


def test_only_one_of_many_is_first(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(lambda _: shared.first_time(url, "nonce:1", 60), range(24)))
    assert firsts.count(True) == 1


async def test_who_is_stopped_while_taking_a_lease_leaves_none(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began, take = threading.Event(), shared.first_time

    def slowly(*arguments: Any) -> bool:
        began.set()
        time.sleep(0.1)
        return take(*arguments)

    monkeypatch.setattr(shared, "first_time", slowly)
    taking = asyncio.create_task(shared.take_lease(url, "lease:x", 30))
    await asyncio.to_thread(began.wait, 20)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert take(url, "lease:x", 30)


def test_seen_runs_out(url: str) -> None:
    with freeze(NOON):
        assert shared.first_time(url, "n", 60)
    with freeze(NOON + timedelta(seconds=59)):
        assert not shared.first_time(url, "n", 60)
    with freeze(NOON + timedelta(seconds=61)):
        assert shared.first_time(url, "n", 60)


def test_long_keys_stay_apart(url: str) -> None:
    assert shared.first_time(url, "x" * 500 + "1", 60)
    assert shared.first_time(url, "x" * 500 + "2", 60)
    assert not shared.first_time(url, "x" * 500 + "2", 60)


def test_quota_is_never_overdrawn(url: str) -> None:
    shared.grant_quota(url, "c", 5, 3600)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: shared.take_quota(url, "c"), range(12)))
    assert taken.count(True) == 5
    assert shared.quota_left(url, "c") == 0
    shared.grant_quota(url, "c", 5, 3600)
    assert shared.quota_left(url, "c") == 5


def test_a_click_does_not_shorten_a_messages_term(url: str) -> None:
    with freeze(NOON):
        shared.grant_quota(url, "c", 5, 48 * 3600)
        shared.grant_quota(url, "c", 3, 60)
    with freeze(NOON + timedelta(hours=47)):
        assert shared.quota_left(url, "c") == 5
    with freeze(NOON + timedelta(hours=49)):
        assert not shared.take_quota(url, "c")
        shared.grant_quota(url, "c", 3, 60)
        assert shared.quota_left(url, "c") == 3


def test_first_grants_at_the_same_time(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: shared.grant_quota(url, "new", 5, 60), range(8)))
    assert shared.quota_left(url, "new") == 5


class Platform:
    def __init__(self) -> None:
        self.fetched = 0
        self.valid: set[str] = set()
        self.forced: list[bool] = []

    async def fetch(self, forced: bool) -> tuple[str, float]:
        self.forced.append(forced)
        await asyncio.sleep(0.05)
        self.fetched += 1
        token = f"T{self.fetched}"
        self.valid = {token}
        return token, 7200.0

    async def call(self, token: str) -> str:
        if token not in self.valid:
            raise TokenRefused("expired", code=40001)
        return f"done with {token}"


async def test_a_token_is_fetched_once_however_many_need_it(url: str) -> None:
    platform = Platform()
    tokens = [AccessToken(url, "wechat:app", platform.fetch) for _ in range(4)]  # as four processes would
    assert set(await asyncio.gather(*(token.get() for token in tokens * 5))) == {"T1"}
    assert platform.fetched == 1


async def test_a_refused_token_is_replaced_once(url: str) -> None:
    platform = Platform()
    token = AccessToken(url, "wechat:app", platform.fetch)
    await token.get()
    platform.valid = set()
    answers = await asyncio.gather(*(with_token(token, platform.call) for _ in range(10)))
    assert set(answers) == {"done with T2"}
    assert platform.forced == [False, True]  # a platform that hands out the same token again must be told


async def test_a_failing_fetch_frees_the_lease(url: str) -> None:
    platform = Platform()

    async def fail(_: bool) -> tuple[str, float]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await AccessToken(url, "t", fail).get()
    assert await AccessToken(url, "t", platform.fetch).get() == "T1"


async def test_a_token_is_renewed_before_its_end(url: str) -> None:
    platform = Platform()
    token = AccessToken(url, "t", platform.fetch)
    with freeze(NOON):
        assert await token.get() == "T1"
    with freeze(NOON + timedelta(seconds=7200 - 200)):
        assert await token.get() == "T2"
