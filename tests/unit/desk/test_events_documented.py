"""docs/api/desk.md names every event that a page can be sent."""

import ast
import re
from collections.abc import Iterator

from bot.settings import ROOT

PAGE = (ROOT / "docs" / "api" / "desk.md").read_text(encoding="utf8").split("## 实时事件")[1].split("## 顾客网页")[0]


def literals(value: ast.expr) -> Iterator[str | None]:
    """The texts that an expression can be; None for one that only a run could tell."""
    if isinstance(value, ast.IfExp):
        yield from literals(value.body)
        yield from literals(value.orelse)
    else:
        yield str(value.value) if isinstance(value, ast.Constant) else None


def pushed() -> dict[str, str]:
    """Kind → where: `change.event(kind, …)` in all rooms, and what the socket says with a `"type"` of its own."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        if "node_modules" in path.parts:
            continue
        socket = path.match("desk/api/push.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            kinds: list[str | None] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "event":
                if isinstance(node.func.value, ast.Name) and node.func.value.id == "change":
                    kinds = list(literals(node.args[0]))
                    assert None not in kinds, f"{path}:{node.lineno}: 事件的种类要直接写出来"
            elif socket and isinstance(node, ast.Dict):
                pairs = [(k, v) for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)]
                kinds = [kind for k, v in pairs if k.value == "type" for kind in literals(v)]
            found |= {kind: f"{path.name}:{node.lineno}" for kind in kinds if kind is not None}
    return found


def test_every_pushed_event_is_on_the_page() -> None:
    kinds = pushed()
    assert {"message", "owner", "rating", "typing", "hello", "resync"} <= set(kinds)
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) | set(re.findall(r'"type": "(\w+)"', PAGE))
    assert not {kind: where for kind, where in kinds.items() if kind not in rows}


def test_the_page_names_no_event_that_nobody_sends() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert rows <= set(pushed()), rows - set(pushed())


def test_every_move_is_on_the_page() -> None:
    from bot.conversations.states import MOVES

    names = {name for moves in MOVES.values() for name in moves}
    line = next(line for line in PAGE.split("\n\n") if line.startswith("`owner` 的 `move`"))
    assert names <= set(re.findall(r"`(\w+)`", line))
