"""kill -9 between any two steps: after a restart nothing is lost, nothing is said or done twice."""

import asyncio
import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from sanic import Sanic
from serving import Running, until
from test_open_channel import Adapter, adapter  # noqa: F401  # the fixture

import bot.channels.path as path
import bot.channels.sender as sender
from bot.db import engine_for

FORK = multiprocessing.get_context("fork")


def _die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(module: Any, name: str) -> None:
    """Die when `module.name` is called."""
    setattr(module, name, _die)


def _after(module: Any, name: str) -> None:
    """Die when a call of `module.name` has done its work."""
    real = getattr(module, name)

    def done(*given: Any, **named: Any) -> Any:
        result = real(*given, **named)
        if result:
            _die()
        return result

    setattr(module, name, done)


STEPS: dict[str, Callable[[], None]] = {
    "before it is stored": lambda: _before(path, "receive"),
    "after it is stored": lambda: _after(path, "receive"),
    "after it is taken": lambda: _after(path, "take"),
    "after the bot acted": lambda: None,
    "before the answer is stored": lambda: _before(path, "finish"),
    "after the answer is stored": lambda: _after(path, "finish"),
    "after the answer is taken": lambda: _after(sender, "take_outgoing"),
    "before it is noted as sent": lambda: _before(sender, "sent"),
}


def _serve(var: Path, base: str, step: str, address: Any) -> None:
    """A process of the channel that dies at `step` ("" for never)."""
    Sanic.test_mode = True
    acts = sqlite3.connect(var / "acts.db", timeout=10)
    acts.execute("CREATE TABLE IF NOT EXISTS acts (key TEXT PRIMARY KEY, times INTEGER)")
    acts.commit()

    async def bot(message: UserMessage) -> None:
        # As the shop's tables do it: an act has a key, and the same key acts once.
        acts.execute("INSERT INTO acts VALUES (?, 1) ON CONFLICT (key) DO NOTHING", (message.message_id,))
        acts.commit()
        if step == "after the bot acted":
            _die()
        await message.output_channel.send_response(message.sender_id, {"text": f"办好了：{message.text}"})

    async def run() -> None:
        platform = Adapter()
        platform.base = base
        server = await Running(platform.make, var, bot).start()
        if step:
            STEPS[step]()
        address.send(server.address)
        await asyncio.sleep(60)

    engine_for.cache_clear()
    asyncio.run(run())


async def _start(var: Path, base: str, step: str) -> tuple[Any, str]:
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_serve, args=(var, base, step, there), daemon=True)
    process.start()
    address = await asyncio.to_thread(lambda: here.recv() if here.poll(20) else "")
    assert address, "the server did not start"
    return process, address


@pytest.mark.parametrize("step", STEPS)
async def test_killed(step: str, adapter: Adapter, tmp_path: Path) -> None:  # noqa: F811
    class Address:
        def __init__(self, address: str) -> None:
            self.address = address

    killed, address = await _start(tmp_path, adapter.base, step)
    try:
        await adapter.say(Address(address), "帮我下单", identity="m1")  # type: ignore[arg-type]
    except Exception:  # the connection breaks with the process
        accepted = False
    else:
        accepted = True
    await asyncio.to_thread(killed.join, 15)
    assert killed.exitcode == -signal.SIGKILL
    again, address = await _start(tmp_path, adapter.base, "")
    try:
        if not accepted:  # the platform delivers again what was not acknowledged
            status, _ = await adapter.say(Address(address), "帮我下单", identity="m1")  # type: ignore[arg-type]
            assert status == 200
        await until(lambda: adapter.pushed, 15)
        await asyncio.sleep(0.4)
        assert adapter.words == ["办好了：帮我下单"]
        acts = sqlite3.connect(tmp_path / "acts.db").execute("SELECT times FROM acts").fetchall()
        assert acts == [(1,)]
    finally:
        again.kill()
        again.join()
