"""A file between whoever records and where events are kept, so that recording is quick and survives a kill.

Each process appends whole lines to a file of its own, which it holds locked. A thread delivers full files and removes
them; files whose lock is free belonged to a process that died, and are delivered by the next one that starts. A file
delivered twice (the process died between delivery and removal) does no harm: events have ids. While the disk takes no
more, lines stay in memory and are delivered from there.
"""

import contextlib
import errno
import fcntl
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

Deliver = Callable[[list[bytes]], None]
_GATHER, _FIRST_WAIT, _LONGEST_WAIT = 0.2, 0.5, 10.0  # seconds
_IN_MEMORY = 20_000  # lines, while the disk is full; some 10 MB
_Full = tuple[Path, int, list[bytes]]  # a file, its descriptor, and lines that it had no room for


class SpoolClosed(Exception):
    """A line came after the end."""


class Spool:
    """Lines on their way to `deliver`, which gets them in order and raises when it could not take them."""

    def __init__(self, folder: Path, deliver: Deliver) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._deliver = folder, deliver
        self._lock = threading.Lock()  # the file that lines go to
        self._delivering = threading.Lock()  # one delivery at a time keeps the order
        self._full: list[_Full] = []
        self._closed = False
        self._open_new()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="event-spool", daemon=True)
        self._thread.start()

    def append(self, line: bytes) -> None:
        """Keep one line; it survives the death of this process, unless the disk is full.

        Raises:
            OSError: the disk has been full or gone for so long that memory takes no more either.
            SpoolClosed: it was closed; the line is not kept.
        """
        whole = line.rstrip(b"\n") + b"\n"
        with self._lock:
            if self._closed:  # the descriptor may be somebody else's by now
                raise SpoolClosed
            if self._unwritten or not self._write(whole):
                if len(self._unwritten) >= _IN_MEMORY:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._unwritten.append(whole.rstrip(b"\n"))
            self._dirty = True
        self._wake.set()

    def flush(self) -> bool:
        """Deliver what is there; whether everything was taken."""
        with self._delivering:
            with self._lock:
                if self._dirty and not self._closed:
                    full = (self._path, self._file, self._unwritten)
                    try:
                        self._open_new()
                    except OSError as error:
                        logger.warning("Events wait in %s: %s", self._path.name, error)
                        return False
                    self._full.append(full)
            while self._full:
                path, file, unwritten = self._full[0]
                if not self._deliver_file(path, unwritten):
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
        with self._delivering, self._lock:
            if self._closed:
                return
            self._closed = True
            for _path, file, unwritten in (*self._full, (self._path, self._file, self._unwritten)):
                if unwritten:
                    with contextlib.suppress(OSError):
                        os.write(file, b"\n".join(unwritten) + b"\n")
            os.close(self._file)
            if not self._dirty:
                self._path.unlink(missing_ok=True)
            for _path, file, _ in self._full:
                os.close(file)  # lets go of the lock
            self._full.clear()

    def _write(self, whole: bytes) -> bool:
        """Add a line to the file, all of it or nothing; whether there was room."""
        try:
            written = os.write(self._file, whole)
        except OSError as error:
            logger.warning("Events stay in memory: %s", error)
            return False
        if written < len(whole):
            os.ftruncate(self._file, self._size)
            return False
        self._size += written
        return True

    def _open_new(self) -> None:
        path = self._folder / f"{uuid.uuid4().hex}.jsonl"
        file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        self._path, self._file, self._size = path, file, 0
        self._unwritten: list[bytes] = []
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
                if self._closed:
                    for _path, file, _unwritten in left:
                        os.close(file)
                    return
                self._full[:0] = left
            self._wake.set()

    def _abandoned(self) -> Iterator[_Full]:
        for path in sorted(self._folder.glob("*.jsonl"), key=_written_at):
            with contextlib.suppress(FileNotFoundError):
                file = os.open(path, os.O_RDWR)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(file)  # its process is alive
                    continue
                if path.exists():
                    yield path, file, []
                else:
                    os.close(file)  # another process was quicker

    def _deliver_file(self, path: Path, unwritten: list[bytes]) -> bool:
        try:
            lines = path.read_bytes().splitlines() + unwritten
        except FileNotFoundError:
            lines = unwritten
        try:
            if lines:
                self._deliver(lines)
        except Exception as error:  # whatever the store or broker raises: the lines stay
            logger.warning("Events wait in %s: %s: %s", path.name, type(error).__name__, str(error)[:200])
            return False
        return True


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # its process has delivered it meanwhile
        return 0.0
