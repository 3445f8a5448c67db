"""Servers that an earlier `make run` left behind: it was killed, and they went on serving without anybody watching.

Their process ids stand in var/servers.json, each with the time of its start, so that another process that got the same
number is not taken for one of them.
"""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from bot.settings import Settings

_FILE = "servers.json"
_SECONDS = 10.0


def note(settings: Settings, servers: Iterable[int]) -> None:
    """Write down the process ids of the servers that this process watches."""
    known = {"supervisor": _named(os.getpid()), "servers": [_named(pid) for pid in servers]}
    path = settings.var / _FILE
    scratch = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # a full disk must not keep a server from being started again
        scratch.write_text(json.dumps(known), encoding="ascii")
        scratch.replace(path)


def forget(settings: Settings) -> None:
    """All have ended."""
    (settings.var / _FILE).unlink(missing_ok=True)


def end_leftovers(settings: Settings) -> int:
    """End the servers whose supervisor is dead, politely and then by force; how many there were."""
    try:
        known = json.loads((settings.var / _FILE).read_text(encoding="ascii"))
        supervisor, servers = tuple(known["supervisor"]), [tuple(one) for one in known["servers"]]
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    if _lives(supervisor):
        return 0
    left = [one for one in servers if _lives(one)]
    for number, seconds in ((signal.SIGTERM, _SECONDS), (signal.SIGKILL, _SECONDS)):
        _signal(left, number)
        until = time.monotonic() + seconds
        while any(map(_lives, left)) and time.monotonic() < until:
            time.sleep(0.1)
    forget(settings)
    return len(left)


def _signal(processes: Iterable[tuple[int, int]], number: signal.Signals) -> None:
    for process in processes:
        if _lives(process):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process[0], number)  # each leads a group, with all that it has started itself


def _named(pid: int) -> tuple[int, int]:
    return pid, _started(pid)


def _lives(process: tuple[int, int]) -> bool:
    return process[1] > 0 and _started(process[0]) == process[1]


def _started(pid: int) -> int:
    """When a process was started, in clock ticks since the machine was; 0 for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])
