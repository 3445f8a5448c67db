"""The ticket lock on a real Redis: order, exclusion across processes, dead holders, a Redis that comes and goes."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rasa.core.lock_store import LockError, LockStore
from rasa.utils.endpoints import EndpointConfig

from bot.runtime.locks import TicketLocks
from bot.settings import ROOT

LEASE = 1.5
# Holds the lock of a conversation again and again; each line is written by one call, in the order of the calls.
CHILD = """
import asyncio, os, sys, time
from bot.runtime.locks import TicketLocks
from rasa.utils.endpoints import EndpointConfig

url, lease, path, tasks, seconds = sys.argv[1], float(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
file = os.open(path, os.O_WRONLY | os.O_APPEND)

async def turn(locks, number):
    async with locks.lock("c"):
        os.write(file, f"in {os.getpid()} {number}\\n".encode())
        await asyncio.sleep(seconds)
        os.write(file, f"out {os.getpid()} {number}\\n".encode())

async def main():
    locks = TicketLocks(EndpointConfig(url, lease_seconds=lease))
    await asyncio.gather(*(turn(locks, number) for number in range(tasks)))

asyncio.run(main())
"""


def make(url: str, **more: Any) -> TicketLocks:
    return TicketLocks(EndpointConfig(url, **{"lease_seconds": LEASE, **more}))


def child(url: str, notes: Path, tasks: int, seconds: float) -> "subprocess.Popen[bytes]":
    notes.touch()
    arguments = [sys.executable, "-W", "ignore", "-c", CHILD, url, str(LEASE), str(notes), str(tasks), str(seconds)]
    return subprocess.Popen(arguments, cwd=ROOT, env={**os.environ, "RASA_TELEMETRY_ENABLED": "false"})


async def until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


class Holding:
    """A task that holds the lock until told to let go; `order` is who got it when."""

    order: list[str]
    now = 0

    def __init__(self, locks: TicketLocks, name: str, order: list[str]) -> None:
        self.name, self.order, self.release = name, order, asyncio.Event()
        self.task = asyncio.create_task(self._run(locks))

    async def _run(self, locks: TicketLocks) -> None:
        async with locks.lock("c"):
            self.order.append(self.name)
            assert Holding.now == 0, "two hold the lock"
            Holding.now += 1
            try:
                await self.release.wait()
            finally:
                Holding.now -= 1


def test_rasa_makes_it_from_the_endpoints(redis_server: Any) -> None:
    config = EndpointConfig.from_dict(
        {"type": "bot.runtime.locks.TicketLocks", "url": redis_server.url, "lease_seconds": 3}
    )
    assert isinstance(LockStore.create(config), TicketLocks)
    with pytest.raises(ValueError, match="lease_second"):
        LockStore.create(EndpointConfig.from_dict({**config.kwargs, "type": config.type, "lease_second": 3}))


async def test_first_come_first_served_and_nothing_is_left(redis_server: Any) -> None:
    locks = make(redis_server.url)
    got: list[int] = []
    inside = 0

    async def turn(number: int) -> None:
        nonlocal inside
        async with locks.lock("c") as lock:
            assert lock.conversation_id == "c"
            inside += 1
            assert inside == 1
            got.append(number)
            await asyncio.sleep(0.001)
            inside -= 1

    tasks = []
    for number in range(40):
        tasks.append(asyncio.create_task(turn(number)))
        await asyncio.sleep(0.02)  # its ticket is drawn before the next one comes
    await asyncio.gather(*tasks)
    assert got == list(range(40))
    left = {key for key in redis_server.client.keys("*") if b":wake:" not in key}
    assert left <= {b"dianxiaoer:lock:pulse", b"dianxiaoer:lock:calm"}
    assert all(redis_server.client.pttl(key) > 0 for key in redis_server.client.keys("*:wake:*"))


async def test_the_next_one_is_woken_at_once(redis_server: Any) -> None:
    first, second = make(redis_server.url), make(redis_server.url)
    waits = []
    for _ in range(20):
        order: list[str] = []
        one = Holding(first, "one", order)
        await until(lambda o=order: o == ["one"])
        two = Holding(second, "two", order)
        await asyncio.sleep(0.03)
        began = time.perf_counter()
        one.release.set()
        await one.task
        await until(lambda o=order: o == ["one", "two"])
        waits.append(time.perf_counter() - began)
        two.release.set()
        await two.task
    assert sorted(waits)[len(waits) // 2] < 0.1  # Rasa's store polls once a second


async def test_conversations_do_not_wait_for_each_other(redis_server: Any) -> None:
    locks = make(redis_server.url)
    async with locks.lock("a"), locks.lock("b"):
        pass


async def test_processes_take_turns(redis_server: Any, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    children = [child(redis_server.url, notes, 15, 0.003) for _ in range(3)]
    assert [one.wait(120) for one in children] == [0, 0, 0]
    lines = notes.read_text().splitlines()
    assert len(lines) == 90
    for entered, left in zip(lines[::2], lines[1::2], strict=True):
        assert entered.split()[0] == "in" and left == entered.replace("in", "out", 1)


@pytest.mark.parametrize("kill", ["holder", "waiter"])
async def test_a_killed_process_does_not_stop_the_others(redis_server: Any, tmp_path: Path, kill: str) -> None:
    locks, notes, order = make(redis_server.url), tmp_path / "notes", []
    mine = None
    if kill == "waiter":
        mine = Holding(locks, "mine", order)
        await until(lambda: order == ["mine"])
    other = child(redis_server.url, notes, 1, 60)
    ticket = "in" if kill == "holder" else None
    await until(
        lambda: ticket in notes.read_text() if ticket else redis_server.client.zcard("dianxiaoer:lock:c:queue") > 1
    )
    next_one = Holding(locks, "next", order)
    await asyncio.sleep(0.1)
    other.send_signal(signal.SIGKILL)
    other.wait()
    began = time.monotonic()
    if mine:
        mine.release.set()
        await mine.task
    await until(lambda: "next" in order)
    assert time.monotonic() - began < LEASE + 1
    next_one.release.set()
    await next_one.task


async def test_a_long_turn_keeps_its_lock_even_while_the_loop_stands_still(redis_server: Any) -> None:
    locks, order = make(redis_server.url), []
    one = Holding(locks, "one", order)
    await until(lambda: order)
    two = Holding(make(redis_server.url), "two", order)
    await asyncio.sleep(0.05)
    time.sleep(2 * LEASE)  # nothing runs in the loop, as when a model is loaded
    await asyncio.sleep(0.5)
    assert order == ["one"]
    one.release.set()
    await until(lambda: order == ["one", "two"])
    two.release.set()
    await asyncio.gather(one.task, two.task)


async def test_a_turn_without_end_loses_its_lock(redis_server: Any) -> None:
    locks, order = make(redis_server.url, longest_seconds=0.2), []
    one = Holding(locks, "one", order)
    await until(lambda: order)
    Holding.now = 0
    began = time.monotonic()
    two = Holding(make(redis_server.url), "two", order)
    await until(lambda: "two" in order)
    assert time.monotonic() - began < 0.2 + LEASE + 1
    one.release.set()
    await one.task
    three = Holding(locks, "three", order)  # the first one's leaving did not free what is no longer its own
    await asyncio.sleep(0.3)
    assert order == ["one", "two"]
    Holding.now = 1
    two.release.set()
    await two.task
    await until(lambda: order == ["one", "two", "three"])
    three.release.set()
    await three.task


async def test_who_stood_still_for_too_long_is_told(redis_server: Any, tmp_path: Path) -> None:
    notes, order = tmp_path / "notes", []
    other = child(redis_server.url, notes, 1, 0.5)
    await until(lambda: "in" in notes.read_text())
    other.send_signal(signal.SIGSTOP)
    mine = Holding(make(redis_server.url), "mine", order)
    await until(lambda: order)
    other.send_signal(signal.SIGCONT)
    assert await asyncio.to_thread(other.wait, 60) == 0
    later = Holding(make(redis_server.url), "later", order)
    await asyncio.sleep(0.2)
    assert order == ["mine"]
    mine.release.set()
    await until(lambda: order == ["mine", "later"])
    later.release.set()
    await asyncio.gather(mine.task, later.task)


@pytest.mark.parametrize("who", ["holder", "waiter"])
async def test_a_cancelled_task_makes_way(redis_server: Any, who: str) -> None:
    locks, order = make(redis_server.url), []
    tasks = [Holding(locks, name, order) for name in ("one",)]
    await until(lambda: order)
    for name in ("two", "three"):
        tasks.append(Holding(locks, name, order))
        await asyncio.sleep(0.05)
    gone = tasks[0] if who == "holder" else tasks[1]
    gone.task.cancel()
    await asyncio.gather(gone.task, return_exceptions=True)
    tasks[0].release.set()
    if who == "holder":
        await until(lambda: order == ["one", "two"])
        tasks[1].release.set()
    await until(lambda: order[-1] == "three")
    tasks[2].release.set()
    await asyncio.gather(*(t.task for t in tasks), return_exceptions=True)
    assert order == (["one", "two", "three"] if who == "holder" else ["one", "three"])


async def test_waiting_has_an_end(redis_server: Any) -> None:
    locks, order = make(redis_server.url), []
    one = Holding(locks, "one", order)
    await until(lambda: order)
    began = time.monotonic()
    with pytest.raises(LockError, match="not free in time"):
        async with locks.lock("c", lock_lifetime=0.4):
            pass
    assert 0.3 < time.monotonic() - began < 1.5
    assert redis_server.client.zcard("dianxiaoer:lock:c:queue") == 1
    one.release.set()
    await one.task


async def _through_an_outage(server: Any, seconds: float) -> None:
    """One holds, two wait in order, Redis goes and comes, a fourth asks: order and exclusion hold."""
    locks, others, order = make(server.url), make(server.url, patience_seconds=30), []
    tasks = [Holding(locks, "one", order)]
    await until(lambda: order)
    for name in ("two", "three"):
        tasks.append(Holding(others, name, order))
        await asyncio.sleep(0.05)
    server.kill()
    await asyncio.sleep(seconds)
    tasks.append(Holding(others, "four", order))
    await asyncio.to_thread(server.start)
    await asyncio.sleep(3)
    assert order == ["one"]
    for count, task in enumerate(tasks, start=1):
        await until(lambda n=count: len(order) == n)
        task.release.set()
        await task.task
    assert order == ["one", "two", "three", "four"]


async def test_redis_comes_back_without_its_memory(redis_server: Any) -> None:
    await _through_an_outage(redis_server, 0.5)


async def test_redis_comes_back_when_all_leases_have_ended(keeping_server: Any) -> None:
    await _through_an_outage(keeping_server, 2 * LEASE)


@pytest.mark.parametrize("hours", [1, -1])
async def test_the_clock_of_redis_jumps(redis_server: Any, hours: int) -> None:
    locks, order = make(redis_server.url), []
    one = Holding(locks, "one", order)
    await until(lambda: order)
    # As if the clock had been elsewhere until now.
    jump = hours * 3_600_000
    client = redis_server.client
    for token, end in client.hgetall("dianxiaoer:lock:c:leases").items():
        if token != b"holder":
            client.hset("dianxiaoer:lock:c:leases", token, int(end) - jump)
    client.decrby("dianxiaoer:lock:pulse", jump)
    two = Holding(make(redis_server.url), "two", order)
    await asyncio.sleep(3)
    assert order == ["one"]
    one.release.set()
    await until(lambda: order == ["one", "two"])
    two.release.set()
    await asyncio.gather(one.task, two.task)


async def test_redis_is_away(redis_server: Any, caplog: pytest.LogCaptureFixture) -> None:
    locks, order = make(redis_server.url.replace("//", "//:secret@"), patience_seconds=0.5), []
    one = Holding(make(redis_server.url), "one", order)
    await until(lambda: order)
    redis_server.kill()
    began = time.monotonic()
    with pytest.raises(LockError, match="is away") as told:
        async with locks.lock("other"):
            pass
    assert time.monotonic() - began < 3 and "secret" not in str(told.value)
    with caplog.at_level(logging.WARNING):
        one.release.set()
        await one.task  # its turn is done, Redis or not
    assert "could not be let go" in caplog.text
