"""What processes compute: their CPU time and that of the whole machine, from /proc."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.launch.supervise import Server

_TICK = os.sysconf("SC_CLK_TCK")
REST = "压测程序"


@dataclass(frozen=True)
class Reading:
    """CPU seconds so far: by the names of our servers, and of everything on the machine."""

    own: dict[str, float]
    machine: float

    def since(self, before: "Reading") -> "Reading":
        """What was computed between two readings."""
        return Reading(
            {name: seconds - before.own.get(name, 0.0) for name, seconds in self.own.items()},
            self.machine - before.machine,
        )

    @property
    def others(self) -> float:
        """What programs computed that are no part of the test."""
        return max(0.0, self.machine - sum(self.own.values()))


def read(children: Iterable[Server]) -> Reading:
    """The CPU seconds so far; a server's children (nginx's workers) count with it, being of its process group."""
    groups: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # proc(5): the second field, the name in brackets, may hold spaces; pgrp is the 5th, utime the 14th.
                fields = (folder / "stat").read_text(encoding="utf8", errors="replace").rpartition(")")[2].split()
            except OSError:  # just ended
                continue
            group = int(fields[2])
            groups[group] = groups.get(group, 0.0) + (int(fields[11]) + int(fields[12])) / _TICK
    own = {one.name: groups.get(one.process.pid, 0.0) for one in children if one.process is not None}
    times = os.times()
    own[REST] = times.user + times.system
    return Reading(own, _machine())


def _machine() -> float:
    """user, nice, system, irq, softirq and steal of all cores together (proc(5), /proc/stat)."""
    first = Path("/proc/stat").read_text(encoding="utf8").splitlines()[0].split()[1:]
    ticks = list(map(int, first))
    return (sum(ticks[:3]) + sum(ticks[5:8])) / _TICK
