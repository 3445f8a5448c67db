"""Where the time of a turn goes, from what the servers note (`bot.launch.timed`)."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bot.launch.timed import ACTION, CALL, EVENTS, HELD, PARSE, POLICIES, STORE, TURN

LOCK, LOAD, SAVE, REST, CALLS = "lock", "load", "save", "rest", "calls"
TITLES = {
    LOCK: "等锁和放锁",
    LOAD: "读会话",
    PARSE: "听懂",
    POLICIES: "选动作",
    CALL: "调用动作",
    SAVE: "存会话",
    EVENTS: "发事件",
    REST: "其余",
}


def parts(lines: Iterable[list[Any]], began: float, ended: float) -> dict[str, float]:
    """Milliseconds a turn by part, on average over the turns that began in the time; {} when there is none.

    `action` is what the actions themselves took of `call`; `turn` is all parts together. A part that had to wait for
    the processor counts with its wait. Events are told while saving; `save` is without them.
    """
    sums: dict[str, float] = {}
    turns = calls = 0
    for kind, name, at, seconds in lines:
        if not began <= at < ended:
            continue
        key = {"retrieve": LOAD, "save": SAVE}.get(name, kind) if kind == STORE else kind
        sums[key] = sums.get(key, 0.0) + 1000 * seconds
        turns += kind == TURN
        calls += kind == CALL
    if not turns:
        return {}
    found = {key: total / turns for key, total in sums.items()}
    turn, held = found[TURN], found.pop(HELD, 0.0)
    found[LOCK] = turn - held
    found[SAVE] = found.get(SAVE, 0.0) - found.get(EVENTS, 0.0)
    inside = sum(found.get(part, 0.0) for part in (LOAD, PARSE, POLICIES, CALL, SAVE, EVENTS))
    found[REST] = held - inside
    found[CALLS] = calls / turns
    found.setdefault(ACTION, 0.0)
    return found


class Notes:
    """The file into which the servers write."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def parts(self, began: float, ended: float) -> dict[str, float]:
        """See `parts`; times are seconds since the epoch."""
        try:
            text = self._file.read_text(encoding="utf8")
        except FileNotFoundError:
            return {}
        return parts(map(json.loads, text.splitlines()), began, ended)
