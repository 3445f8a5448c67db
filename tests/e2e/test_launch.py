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
from tests.running import CHILDREN, PROFILE, Suite, environment, free_ports, running

pytestmark = pytest.mark.e2e


def test_every_server_is_healthy_and_announced(suite: Suite) -> None:
    output = suite.output.read_text()
    for address in (suite.web + "/", suite.web + "/demo", suite.rasa + "/webhooks/rest/webhook"):
        assert address in output
    for address in (suite.web + "/", suite.web + "/health", suite.rasa + "/webhooks/rest/"):
        with urllib.request.urlopen(address, timeout=5) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_every_child(suite: Suite, tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as second:
        children = second.children()
        assert len(children) == CHILDREN
        second.process.send_signal(number)
        assert second.process.wait(30) == 0
        deadline = time.monotonic() + 5
        while alive := [pid for pid in children if Path(f"/proc/{pid}").exists()]:
            assert time.monotonic() < deadline, f"still running: {alive}"
            time.sleep(0.1)


def test_a_dead_server_is_started_again(suite: Suite, tmp_path: Path) -> None:
    with running(tmp_path) as second:
        before = set(second.children())
        os.kill(min(before), signal.SIGKILL)
        deadline = time.monotonic() + 60
        while len(set(second.children()) - before) < 1 or "已重新启动" not in second.output.read_text():
            assert second.process.poll() is None and time.monotonic() < deadline, second.output.read_text()
            time.sleep(0.1)


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    ports = free_ports(3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "up", "--profile", PROFILE],
            cwd=ROOT,
            env=environment(tmp_path, ports),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 1
    name = "nginx" if PROFILE else "网页服务"
    assert ended.stderr.strip() == (
        f"✗ 端口 {ports[0]}（{name}）被占用，请停掉占用它的程序，"
        f"或换一个端口：DIANXIAOER_WEB_PORT={ports[0] + 1} make run"
    )
