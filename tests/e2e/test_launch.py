"""Starting and stopping: what a person sees who types `make run`."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from bot.settings import ROOT
from tests.running import Suite, environment, free_ports, start

pytestmark = pytest.mark.e2e


def _children(parent: int) -> list[int]:
    listing = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listing.splitlines()]
    return [pid for pid, ppid in pairs if ppid == parent]


def test_every_server_is_healthy_and_announced(suite: Suite) -> None:
    output = suite.output.read_text()
    for address in (suite.web + "/", suite.web + "/demo", suite.rasa + "/webhooks/rest/webhook"):
        assert address in output
    for address in (suite.web + "/", suite.web + "/health", suite.rasa + "/webhooks/rest/"):
        with urllib.request.urlopen(address, timeout=5) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_every_child(suite: Suite, tmp_path: Path, number: signal.Signals) -> None:
    second = start(tmp_path)
    children = _children(second.process.pid)
    assert len(children) == 3
    second.process.send_signal(number)
    assert second.process.wait(30) == 0
    deadline = time.monotonic() + 5
    while alive := [pid for pid in children if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, f"still running: {alive}"
        time.sleep(0.1)


def test_a_dead_server_ends_the_suite_with_its_last_words(suite: Suite, tmp_path: Path) -> None:
    second = start(tmp_path)
    os.kill(_children(second.process.pid)[0], signal.SIGKILL)
    assert second.process.wait(30) == 1
    assert "意外退出" in second.output.read_text()


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    ports = free_ports(3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "up"],
            cwd=ROOT,
            env=environment(tmp_path, ports),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        f"✗ 端口 {ports[0]}（网页服务）被占用，请停掉占用它的程序，"
        f"或换一个端口：DIANXIAOER_WEB_PORT={ports[0] + 1} make run"
    )
