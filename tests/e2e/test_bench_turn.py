"""`make bench-turn` with the real servers and the trained model."""

import json
import os
import subprocess
import sys

import pytest

from bot.settings import ROOT
from tests.running import PROFILE

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(bool(PROFILE), reason="bench-turn 自己启动单机的服务，和集群无关"),
]


def test_it_measures_turns_that_call_actions_and_leaves_no_server_behind() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "bot", "bench-turn", "--rounds", "1", "--json"]
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["turns"] >= 5 and 0 < report["median_ms"] <= report["p95_ms"]
    parts = report["parts_ms"]
    assert parts["call"] > parts["action"] > 0 and parts["parse"] > 0
    assert sum(ms for kind, ms in parts.items() if kind != "action") <= report["mean_ms"]
