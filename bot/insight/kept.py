"""Answers that take long are kept and renewed behind the reader's back."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass
class Kept(Generic[T]):
    """Keeps what was computed for `seconds`; who asks waits at most `patience` seconds for something newer."""

    seconds: float
    patience: float
    _found: dict[str, T] = field(default_factory=dict)
    _tried: dict[str, float] = field(default_factory=dict)
    _running: dict[str, "asyncio.Task[Any]"] = field(default_factory=dict)

    async def get(self, name: str, compute: Callable[[], T]) -> T | None:
        """What is kept under `name`, computed in a thread where it is too old; None while there is nothing yet.

        A failure is logged, and what was found before is given.
        """
        tried = self._tried.get(name)
        if name not in self._running and (tried is None or time.monotonic() - tried > self.seconds):
            self._tried[name] = time.monotonic()
            self._running[name] = asyncio.create_task(asyncio.to_thread(compute))
        task = self._running.get(name)
        if task is not None:
            done, _ = await asyncio.wait({task}, timeout=self.patience)
            if done and self._running.get(name) is task:
                del self._running[name]
                if task.exception():
                    logger.error("%s could not be computed", name, exc_info=task.exception())
                else:
                    self._found[name] = task.result()
        return self._found.get(name)
