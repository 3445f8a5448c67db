"""The supervisor over processes that die."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.launch import supervise
from bot.launch.problems import LaunchError
from bot.launch.supervise import RESTARTS, Server
from bot.settings import Settings


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Server]:
    server = Server("测试服务", [sys.executable, "-c", "import time; time.sleep(600)"], 0, "", "", tmp_path / "log")
    yield server
    server.signal(signal.SIGKILL)


def kill(server: Server) -> None:
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(20)


def test_one_that_dies_is_started_again_but_not_for_ever(child: Server) -> None:
    child.start()
    for _ in range(RESTARTS):
        kill(child)
        assert child.start_again() and not child.failed()
    kill(child)
    assert not child.start_again()


def test_deaths_long_ago_do_not_count(child: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    child.start()
    child.restarted = [time.monotonic() - supervise.RESTARTS_WITHIN - 1] * RESTARTS
    kill(child)
    assert child.start_again()


def test_what_it_has_started_itself_goes_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    server = Server("测试服务", [sys.executable, "-c", code], 0, "", "", tmp_path / "log")
    server.start()
    try:
        deadline = time.monotonic() + 60
        while not (text := server.log.read_text()).strip():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        grandchild = int(text)
        kill(server)
        assert server.start_again()
        while _alive(grandchild):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        server.signal(signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_that_cannot_stay_ends_the_suite_with_its_last_words(tmp_path: Path) -> None:
    server = Server("测试服务", [sys.executable, "-c", "print('坏了')"], 0, "", "", tmp_path / "log")
    server.start()
    with pytest.raises(LaunchError, match=r"反复意外退出(.|\n)*坏了"):
        supervise._watch([server])


def test_blas_stays_on_one_thread_in_the_servers_of_a_turn_and_nowhere_else(tmp_path: Path) -> None:
    children = {child.name: child for child in supervise.servers(Settings(var=tmp_path))}
    show = [sys.executable, "-c", "import os; print(os.environ.get('OPENBLAS_NUM_THREADS'))"]
    said = {}
    for name, child in children.items():
        child.command = show
        child.start()
        assert child.process is not None
        child.process.wait(20)
        said[name] = child.log.read_text().strip()
    expected = supervise.LONE_BLAS["OPENBLAS_NUM_THREADS"]
    assert {said[name] for name in ("动作服务", "Rasa 服务", "网页服务")} == {expected}
    assert said["定时任务"] == str(os.environ.get("OPENBLAS_NUM_THREADS"))
