"""What actions need is there before their server listens; a database that is away does not keep it from starting."""

import threading
import time
from pathlib import Path

import pytest

from bot.runtime import executor
from bot.runtime.executor import Needs
from bot.settings import Settings


class _Index:
    def __init__(self, wait: threading.Event | None = None) -> None:
        self._wait, self.loaded = wait, False

    def get(self) -> None:
        if self._wait:
            self._wait.wait(10)
        self.loaded = True


async def test_the_index_is_loaded_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = _Index()
    monkeypatch.setattr(executor, "current_index", lambda *_: index)
    needs = Needs(Settings(var=tmp_path))
    with pytest.raises(RuntimeError):
        needs.checks()["encoder"]()
    await needs.load()
    assert index.loaded
    needs.checks()["encoder"]()


async def test_it_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = threading.Event()
    index = _Index(away)
    monkeypatch.setattr(executor, "current_index", lambda *_: index)
    needs = Needs(Settings(var=tmp_path))
    began = time.monotonic()
    await needs.load(0.05)
    assert time.monotonic() - began < 5 and not index.loaded
    away.set()
