"""The numbers: what a turn counts, what the databases tell, and that a database that is away hides nothing else."""

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import select

from bot import conversations
from bot.conversations import Bus, Store
from bot.db import engine_for, reading, upgrade
from bot.launch import standing as launch_standing
from bot.launch.job_times import succeeded
from bot.launch.standing import DatabaseNumbers, SpoolNumbers
from bot.observing import metrics
from bot.observing.turns import turn
from bot.settings import Settings


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def outcomes() -> tuple[float, float, float]:
    names = ("answered", "failed")
    counts = [value("dianxiaoer_turns_total", channel="test", outcome=name) for name in names]
    return counts[0], counts[1], value("dianxiaoer_turn_seconds_count", channel="test")


async def test_a_turn_is_counted_by_how_it_ended() -> None:
    with turn("test", "c1"):
        pass
    assert outcomes() == (1, 0, 1)
    with turn("test", "c1") as watched:
        watched.failed = True
    with pytest.raises(RuntimeError), turn("test", "c1"):
        raise RuntimeError
    assert outcomes() == (1, 2, 3)

    async def thinks() -> None:
        with turn("test", "c1"):
            await asyncio.sleep(60)

    task = asyncio.create_task(thinks())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert outcomes() == (1, 2, 3)  # another process does it again


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path}/chat.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    for room in ("conversations", "channels"):
        upgrade(url, room)
    request.addfinalizer(engine_for(url).dispose)
    return Settings(var=tmp_path, chat_url=url)


def _lines(*collectors: Any) -> list[str]:
    registry = CollectorRegistry()
    for one in collectors:
        registry.register(one)
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def _numbers(*collectors: Any) -> dict[str, float]:
    return {name: float(number) for name, _, number in (line.rpartition(" ") for line in _lines(*collectors))}


def test_the_databases_tell_who_waits(settings: Settings) -> None:
    store = Store(settings.chat_url, Bus())
    for number in range(3):
        chat = conversations.open_conversation(store, "wechat", f"c{number}", address={"to": number})
        conversations.receive(store, chat, {"text": "在吗"}, request={"text": "在吗", "metadata": {}})
    conversations.finish(store, chat, 1, [{"text": "在"}, {"text": "您说"}])
    for _ in range(2):
        taken = conversations.take_outgoing(store, "wechat", "w")
        conversations.try_again(store, taken[0], "busy", 0.0)
    waits = conversations.open_conversation(store, "webchat", "w")
    conversations.request_person(store, waits, conversations.Request("request_human"))
    conversations.save_agent(store, "anna", "Anna")
    conversations.set_presence(store, "anna", conversations.ONLINE)
    succeeded(settings, "每日同步")
    found = _numbers(DatabaseNumbers(settings, store))
    assert found['dianxiaoer_open_chats{owner="bot"}'] == 3 and found['dianxiaoer_open_chats{owner="waiting"}'] == 1
    assert found['dianxiaoer_open_chats{owner="agent"}'] == 0 and found["dianxiaoer_agents_online"] == 1
    assert found['dianxiaoer_inbox_waiting{channel="wechat"}'] == 2
    assert found['dianxiaoer_outbox_waiting{channel="wechat"}'] == 2
    assert found['dianxiaoer_outbox_retrying{channel="wechat"}'] == 1
    for name in ("queue_oldest_seconds", 'inbox_oldest_seconds{channel="wechat"}'):
        assert 0 <= found[f"dianxiaoer_{name}"] < 600
    assert found['dianxiaoer_job_last_success_timestamp_seconds{task="每日同步"}'] > 1.7e9
    assert found["dianxiaoer_standing_unreadable"] == 0


def test_a_database_that_is_away_or_hangs_hides_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(var=tmp_path)
    away = DatabaseNumbers(settings, Store(settings.chat_url, Bus()))
    assert _lines(away, SpoolNumbers(tmp_path))[0] == "dianxiaoer_standing_unreadable 1.0"
    let_go = threading.Event()
    monkeypatch.setattr(launch_standing, "standing", lambda _store: let_go.wait(30))
    monkeypatch.setattr(launch_standing, "_PATIENCE", 0.05)
    try:
        assert _lines(DatabaseNumbers(settings, Store(settings.chat_url, Bus()))) == [
            "dianxiaoer_standing_unreadable 1.0"
        ]
    finally:
        let_go.set()


def test_the_spool_tells_what_is_not_delivered(tmp_path: Path) -> None:
    assert _numbers(SpoolNumbers(tmp_path / "none")) == {
        "dianxiaoer_event_spool_bytes": 0,
        "dianxiaoer_event_spool_oldest_seconds": 0,
    }
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "full.jsonl").write_bytes(b"12345\n")
    os.utime(tmp_path / "full.jsonl", (0, time.time() - 100))
    found = _numbers(SpoolNumbers(tmp_path))
    assert found["dianxiaoer_event_spool_bytes"] == 6 and 99 < found["dianxiaoer_event_spool_oldest_seconds"] < 400


def test_a_pool_tells_how_long_one_waits(postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    with reading(postgres_url) as session:
        session.execute(select(1))
    engine_for(postgres_url).dispose()
    with reading(postgres_url) as session:
        session.execute(select(1))
    engine_for(postgres_url).dispose()
    assert value("dianxiaoer_db_pool_wait_seconds_count", database=name) == 2  # also after a new pool


def test_labels_hold_no_customer() -> None:
    for family in metrics.REGISTRY.collect():
        for sample in family.samples:
            allowed = {"channel", "outcome", "reason", "action", "database", "le", "owner", "task"}
            assert set(sample.labels) <= allowed, family.name
