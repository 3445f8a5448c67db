"""The process of what is done by the clock."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.db import upgrade
from bot.launch import daily
from bot.launch.job_times import last_successes
from bot.settings import ROOT, Settings


def test_a_task_that_fails_keeps_no_other_from_its_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    upgrade(settings.chat_url, "channels")
    done: list[str] = []

    def fails(_settings: Settings) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(daily, "TASKS", {"a": fails, "b": lambda _settings: done.append("b")})
    daily.tick(settings)
    assert done == ["b"]
    assert list(last_successes(settings.chat_url)) == ["b"]  # what failed has not been done


def test_without_a_database_the_tasks_are_done_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done: list[str] = []
    monkeypatch.setattr(daily, "TASKS", {"a": lambda _settings: done.append("a")})
    daily.tick(Settings(var=tmp_path))
    assert done == ["a"]


def test_the_daily_process_starts_and_ends_when_told(tmp_path: Path) -> None:
    environment = {**os.environ, "DIANXIAOER_VAR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "bot.launch.daily"], cwd=ROOT, env=environment, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    deadline = time.monotonic() + 60
    for line in process.stderr:
        if "每分钟".encode() in line:
            break
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
