"""A file between whoever records and where events are kept, so that recording is quick and survives a kill.

Each process appends whole lines to a file of its own, which it holds locked. A thread delivers full files and removes
them; files whose lock is free belonged to a process that died, and are delivered by the next one that starts. A file
delivered twice (the process died between delivery and removal) does no harm: events have ids.
"""

import contextlib
import fcntl
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

Deliver = Callable[[list[bytes]], None]
_GATHER, _FIRST_WAIT, _LONGEST_WAIT = 0.05, 0.5, 10.0  # seconds


class Spool:
    """Lines on their way to `deliver`, which gets them in order and raises when it could not take them."""

    def __init__(self, folder: Path, deliver: Deliver) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._deliver = folder, deliver
        self._lock = threading.Lock()  # the file that lines go to
        self._delivering = threading.Lock()  # one delivery at a time keeps the order
        self._full: list[tuple[Path, int]] = []
        self._open_new()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="event-spool", daemon=True)
        self._thread.start()

    def append(self, line: bytes) -> None:
        """Keep one line; it survives the death of this process.

        Raises:
            OSError: the disk is full or gone.
        """
        with self._lock:
            os.write(self._file, line.rstrip(b"\n") + b"\n")  # one call: a line is there whole or not at all
            self._dirty = True
        self._wake.set()

    def flush(self) -> bool:
        """Deliver what is there; whether everything was taken."""
        with self._delivering:
            with self._lock:
                if self._dirty:
                    self._full.append((self._path, self._file))
                    self._open_new()
            while self._full:
                path, file = self._full[0]
                if not self._deliver_file(path):
                    return False
                path.unlink(missing_ok=True)
                os.close(file)
                self._full.pop(0)
            return True

    def close(self) -> None:
        """Deliver the rest, if it is taken, and stop; what is not taken waits for the next process."""
        self._closing.set()
        self._wake.set()
        self._thread.join(10)
        self.flush()
        with self._lock:
            os.close(self._file)
            if not self._dirty:
                self._path.unlink(missing_ok=True)
            for _path, file in self._full:
                os.close(file)  # lets go of the lock
            self._full.clear()

    def _open_new(self) -> None:
        self._path = self._folder / f"{uuid.uuid4().hex}.jsonl"
        self._file = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._dirty = False

    def _run(self) -> None:
        wait = _FIRST_WAIT
        self._take_over_the_dead()
        while not self._closing.is_set():
            self._wake.wait()
            if self._closing.wait(_GATHER):  # what comes together goes together
                return
            self._wake.clear()
            if self.flush():
                wait = _FIRST_WAIT
            else:
                self._closing.wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
                self._wake.set()

    def _take_over_the_dead(self) -> None:
        left = list(self._abandoned())
        if left:
            with self._delivering:
                self._full[:0] = left
            self._wake.set()

    def _abandoned(self) -> Iterator[tuple[Path, int]]:
        for path in sorted(self._folder.glob("*.jsonl"), key=lambda p: p.stat().st_mtime):
            with contextlib.suppress(FileNotFoundError):
                file = os.open(path, os.O_RDWR)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(file)  # its process is alive
                    continue
                if path.exists():
                    yield path, file
                else:
                    os.close(file)  # another process was quicker

    def _deliver_file(self, path: Path) -> bool:
        try:
            lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            return True
        try:
            if lines:
                self._deliver(lines)
        except Exception as error:  # whatever the store or broker raises: the lines stay
            logger.warning("Events wait in %s: %s: %s", path.name, type(error).__name__, str(error)[:200])
            return False
        return True
