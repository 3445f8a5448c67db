"""The whole suite running on free ports with data of its own, for tests that talk to real servers.

DIANXIAOER_TEST_PROFILE=cluster lets the tests run against two of each behind nginx (`make cluster-test`), multicore
against several Rasa servers behind nginx.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.launch import ports
from bot.launch.fronted import MOST_RASAS
from bot.settings import ROOT
from tests.clusters import cluster_services

MONDAY_MORNING = "2026-11-23T10:00:00+08:00"
SECONDS_TO_START = 420  # the first start on a slow machine trains a model
PROFILE = os.environ.get("DIANXIAOER_TEST_PROFILE", "")
_RASAS = min(len(os.sched_getaffinity(0)), MOST_RASAS)
CHILDREN = {"cluster": 10, "multicore": _RASAS + 3}.get(PROFILE, 3)


def free_ports(count: int, profile: str = PROFILE) -> list[int]:
    """Ports that nobody uses now; behind nginx the servers take those after its own as well."""
    return ports.free_ports(count, MOST_RASAS + 1 if profile else 1)


@dataclass
class Suite:
    """A started `python -m bot up`."""

    process: "subprocess.Popen[str]"
    var: Path
    web: str
    rasa: str
    output: Path
    seconds: float
    shop_url: str
    chat_url: str

    def say(self, sender: str, message: str) -> list[dict[str, Any]]:
        """Send a customer's message over REST and return the bot's answers."""
        request = urllib.request.Request(
            f"{self.rasa}/webhooks/rest/webhook",
            json.dumps({"sender": sender, "message": message}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return list(json.load(answer))

    def hear(self, sender: str, message: str) -> str:
        """The texts of the answers to `message`, one a line."""
        return "\n".join(a.get("text", "") for a in self.say(sender, message))

    def children(self) -> list[int]:
        """The process ids of its servers, in the order of their start."""
        listing = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = [tuple(map(int, line.split())) for line in listing.splitlines()]
        return sorted(pid for pid, parent in pairs if parent == self.process.pid)

    def stop(self) -> int:
        """End it as Ctrl-C does; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


def environment(var: Path, ports: list[int], **more: str) -> dict[str, str]:
    """The environment of a suite with its data in `var` and the ports of web, Rasa and action server."""
    names = ("DIANXIAOER_WEB_PORT", "DIANXIAOER_RASA_PORT", "DIANXIAOER_ACTION_PORT")
    return {
        **os.environ,
        **dict(zip(names, map(str, ports), strict=True)),
        "DIANXIAOER_VAR": str(var),
        "DIANXIAOER_NOW": MONDAY_MORNING,
        "RASA_TELEMETRY_ENABLED": "false",
        **more,
    }


def share_encoders(var: Path) -> None:
    """Let a suite in `var` use the encoders that this checkout has built already."""
    built = ROOT / "var" / "encoders"
    built.mkdir(parents=True, exist_ok=True)
    (var / "encoders").symlink_to(built)


@contextmanager
def running(var: Path, **more: str) -> Iterator[Suite]:
    """A suite with all that it needs, stopped and removed at the end.

    Raises:
        RuntimeError: it ended or did not open in time; holds its output.
    """
    with ExitStack() as stack:
        outside = stack.enter_context(cluster_services(var)) if PROFILE == "cluster" else {}
        suite = start(var, **outside, **more)
        stack.callback(suite.stop)
        yield suite


def start(var: Path, **more: str) -> Suite:
    """Start a suite and wait until it says that it is open.

    Raises:
        RuntimeError: it ended or did not open in time; holds its output.
    """
    share_encoders(var)
    return begin(var, environment(var, free_ports(3, more.get("DIANXIAOER_PROFILE", PROFILE)), **more))


def begin(var: Path, variables: dict[str, str]) -> Suite:
    """`start` with the whole environment given, as when a suite is started for the second time."""
    web, rasa = variables["DIANXIAOER_WEB_PORT"], variables["DIANXIAOER_RASA_PORT"]
    output = var / "up.log"
    began = time.monotonic()
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "up"],
            cwd=ROOT,
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
    while "按 Ctrl-C 停止" not in output.read_text():
        if process.poll() is not None or time.monotonic() - began > SECONDS_TO_START:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            raise RuntimeError(f"the suite did not start:\n{output.read_text()}")
        time.sleep(0.2)
    seconds = time.monotonic() - began
    outside = variables.get("DIANXIAOER_DATABASE_URL")
    shop_url = outside or f"sqlite:///{var}/shop.db"
    chat_url = variables.get("DIANXIAOER_CHAT_URL") or outside or f"sqlite:///{var}/chat.db"
    return Suite(
        process, var, f"http://127.0.0.1:{web}", f"http://127.0.0.1:{rasa}", output, seconds, shop_url, chat_url
    )
