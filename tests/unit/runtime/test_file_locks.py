"""The locks of several Rasa servers on one machine: one turn at a time, in order, and nothing is left by the dead."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rasa.core.lock_store import LockError, LockStore
from rasa.utils.endpoints import EndpointConfig

from bot.runtime.file_locks import FileLocks
from bot.settings import ROOT

_OTHER = """
import asyncio, sys
from rasa.utils.endpoints import EndpointConfig
from bot.runtime.file_locks import FileLocks

async def main():
    print("begun", flush=True)
    async with FileLocks(EndpointConfig(sys.argv[1])).lock("a"):
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    print("free", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def locks(tmp_path: Path) -> FileLocks:
    """A store of this process's; another process's has the same folder."""
    return FileLocks(EndpointConfig(str(tmp_path)))


@contextmanager
def other_process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Takes the lock of "a", says so, and lets go of it when it is told a line."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _OTHER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def _says(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _let_go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


async def test_turns_of_a_conversation_go_one_after_another_in_their_order(locks: FileLocks) -> None:
    inside, order = 0, []

    async def turn(number: int) -> None:
        nonlocal inside
        async with locks.lock("a"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            order.append(number)
            inside -= 1

    await asyncio.gather(*(turn(number) for number in range(30)))
    assert order == list(range(30))
    assert not locks._queues


async def test_conversations_do_not_wait_for_each_other(locks: FileLocks) -> None:
    async with locks.lock("a"), locks.lock("b", 0.5):
        pass


async def test_a_second_store_waits_for_the_first(locks: FileLocks, tmp_path: Path) -> None:
    other = FileLocks(EndpointConfig(str(tmp_path)))
    async with locks.lock("a"):
        with pytest.raises(LockError, match="'a' was not free in time"):
            async with other.lock("a", 0.1):
                pass
    async with other.lock("a", 0.1):
        pass


async def test_who_waits_too_long_in_its_own_process_is_told(locks: FileLocks) -> None:
    async with locks.lock("a"):
        with pytest.raises(LockError):
            async with locks.lock("a", 0.05):
                pass
    assert not locks._queues


async def test_who_gives_up_stands_in_nobodys_way(locks: FileLocks, tmp_path: Path) -> None:
    other = FileLocks(EndpointConfig(str(tmp_path)))

    async def turn(store: FileLocks) -> None:
        async with store.lock("a"):
            pass

    async with locks.lock("a"):
        waiting = [asyncio.create_task(turn(store)) for store in (locks, other)]
        await asyncio.sleep(0.05)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.wait_for(turn(other), 1)


async def test_another_process_holds_it_until_its_turn_ends(locks: FileLocks, tmp_path: Path) -> None:
    with other_process(tmp_path) as other:
        assert _says(other) == "held"
        with pytest.raises(LockError):
            async with locks.lock("a", 0.1):
                pass
        _let_go(other)
        assert _says(other) == "free"
        async with locks.lock("a", 1):
            pass


async def test_a_process_that_dies_lets_go_of_it(locks: FileLocks, tmp_path: Path) -> None:
    with other_process(tmp_path) as other:
        assert _says(other) == "held"
        other.kill()
        began = time.monotonic()
        async with locks.lock("a", 5):
            assert time.monotonic() - began < 2


async def test_a_process_that_waits_is_before_a_later_message_here(locks: FileLocks, tmp_path: Path) -> None:
    with other_process(tmp_path) as first:
        assert _says(first) == "held"
        with other_process(tmp_path) as second:
            await asyncio.sleep(0.5)  # it has come to the lock

            async def turn() -> None:
                async with locks.lock("a"):
                    pass

            mine = asyncio.create_task(turn())
            await asyncio.sleep(0.1)
            _let_go(first)
            assert await asyncio.to_thread(_says, second) == "held"
            assert not mine.done()
            _let_go(second)
            await asyncio.wait_for(mine, 5)


def test_rasa_makes_it_of_the_endpoints(tmp_path: Path) -> None:
    made = LockStore.create(EndpointConfig(str(tmp_path), type="bot.runtime.file_locks.FileLocks"))
    assert isinstance(made, FileLocks)


def test_an_unknown_setting_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown settings lease"):
        FileLocks(EndpointConfig(str(tmp_path), lease=3))
