"""Wake-ups within a process, between processes of one machine, and over Redis."""

import asyncio
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.conversations.bus import RESYNC, Bus, bus_of
from bot.conversations.bus_local import LocalBus
from bot.conversations.bus_redis import RedisBus
from bot.settings import ROOT, BusEndpoint, Settings

REDIS = os.environ.get("DIANXIAOER_TEST_REDIS", "redis://127.0.0.1:6379/0")
OTHER = """
import sys, time
from bot.conversations.bus_local import LocalBus
LocalBus(sys.argv[1]).publish("message", {"at": time.time()})
"""


class Ear:
    """Hears a bus."""

    def __init__(self, bus: Bus, *topics: str) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.stop = bus.subscribe(set(topics), lambda topic, data: self.heard.append((topic, data)))

    async def until(self, count: int, topic: str) -> list[dict[str, Any]]:
        for _ in range(500):
            found = [data for heard, data in self.heard if heard == topic]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"heard only {self.heard}")


@pytest.fixture
def redis_channel() -> str:
    import redis

    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=1).ping()
    except redis.RedisError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"本机没有 Redis，跳过：{error}")
    return f"test:{uuid.uuid4().hex}"


@pytest.fixture(params=["local", "redis"])
async def make_bus(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Bus]]]:
    """Makes buses that hear each other, as those of several processes."""
    made: list[Bus] = []
    channel = request.getfixturevalue("redis_channel") if request.param == "redis" else ""

    async def make() -> Bus:
        bus = LocalBus(str(tmp_path / "bus")) if request.param == "local" else RedisBus(REDIS, channel)
        made.append(bus)
        await bus.start()
        return bus

    yield make
    for bus in made:
        await bus.close()


async def test_a_wake_up_reaches_every_process_within_milliseconds_and_its_own_once(make_bus: Any) -> None:
    buses = [await make_bus() for _ in range(3)]
    ears = [Ear(bus, "message") for bus in buses]
    buses[0].publish("other", {})
    buses[0].publish("message", {"warm": True})  # the first one opens Redis' connection
    for ear in ears:
        await ear.until(1, "message")
    began = time.monotonic()
    buses[0].publish("message", {"conversation": "c1", "字": "好"})
    for ear in ears:
        assert (await ear.until(2, "message"))[1] == {"conversation": "c1", "字": "好"}
    assert time.monotonic() - began < 0.5
    await asyncio.sleep(0.05)
    assert all(len(ear.heard) == 2 for ear in ears)


async def test_any_thread_may_publish_and_a_handler_runs_in_its_loop(make_bus: Any) -> None:
    bus, threads = await make_bus(), []
    bus.subscribe({"message"}, lambda *_: threads.append(threading.current_thread()))
    for _ in range(20):
        await asyncio.to_thread(bus.publish, "message", {})
    await asyncio.sleep(0.1)
    assert threads == [threading.main_thread()] * 20


async def test_a_faulty_handler_harms_nobody_and_who_left_hears_nothing(make_bus: Any) -> None:
    bus = await make_bus()

    def faulty(*_: Any) -> None:
        raise RuntimeError("broken")

    bus.subscribe({"message"}, faulty)
    gone, ear = Ear(bus, "message"), Ear(bus, "message")
    gone.stop()
    bus.publish("message", {})
    await ear.until(1, "message")
    assert gone.heard == []


async def test_another_process_is_heard_and_one_that_died_does_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "bus"
    bus = LocalBus(str(folder))
    await bus.start()
    dead = folder / f"9.{2**22 + 1}"
    dead.touch()
    ear = Ear(bus, "message")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OTHER, str(folder), cwd=ROOT, stderr=subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, errors
    assert (await ear.until(1, "message"))[0]["at"] < time.time()
    assert not dead.exists()
    await bus.close()
    assert [path.name for path in folder.iterdir()] == ["key"] and (folder / "key").stat().st_mode & 0o077 == 0


async def test_strangers_cannot_wake_anybody(tmp_path: Path) -> None:
    bus = LocalBus(str(tmp_path / "bus"))
    await bus.start()
    ear = Ear(bus, "message")
    key = (tmp_path / "bus" / "key").read_bytes()
    for packet in (b"", b"x", b'["message", {}]', bytes(16) + b'["message", {}]', key, key + b"[]", key + b"\xff"):
        bus.hear(packet)
    for packet in (b'["message", 1]', b"[1, {}]", b'{"a": 1, "b": 2}', b"7"):
        bus.hear(key + packet)
    await asyncio.sleep(0.02)
    assert ear.heard == []
    bus.hear(key + b'["message", {}]')
    await ear.until(1, "message")
    await bus.close()


async def test_who_starts_to_listen_is_told_to_look_for_itself(make_bus: Any, tmp_path: Path) -> None:
    bus = await make_bus()
    ear = Ear(bus, "message")
    await bus.close()
    await bus.start()
    await ear.until(1, RESYNC)


async def test_a_redis_that_is_down_stops_nobody() -> None:
    bus = RedisBus("redis://127.0.0.1:1/0")
    await bus.start()
    ear = Ear(bus, "message")
    began = time.monotonic()
    bus.publish("message", {})
    assert time.monotonic() - began < 0.1
    await ear.until(1, "message")
    await bus.close()


def test_the_settings_choose_the_bus(tmp_path: Path) -> None:
    assert isinstance(bus_of(Settings(var=tmp_path)), LocalBus)
    assert bus_of(Settings(var=tmp_path)) is bus_of(Settings(var=tmp_path))
    assert isinstance(bus_of(Settings(var=tmp_path, bus=BusEndpoint(type="redis", url=REDIS))), RedisBus)
    with pytest.raises(ValueError, match="redis"):
        BusEndpoint(type="redis")
