"""The worked examples of docs/designers-guide.md, applied to a copy of the project as a designer would.

A fenced block after `<!-- 例: FILE [PATH] HOW -->` is an edit: 新建 (a new file), 追加 (at the end of the file),
加在末尾 (at the end of the section PATH, keys joined by dots), 改 (in place of what FILE has under these keys).
A block after `<!-- 对话 -->` is a conversation.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.settings import ROOT

GUIDE = ROOT / "docs" / "designers-guide.md"
COPIED = ("domain.yml", "config.yml", "endpoints.yml", "credentials.yml", "data", "actions", "tests", "bot", "docs")
_BLOCK = re.compile(r"^<!-- (?P<mark>[^>]+) -->\n```\w*\n(?P<body>.*?)^```$", re.M | re.S)
_ROW = re.compile(r"^\| `(?P<right>[^`]+)` \| `(?P<wrong>[^`]+)` \| (?P<told>.+?) \|$", re.M)


@dataclass(frozen=True)
class Edit:
    """One example."""

    file: str
    path: tuple[str, ...]
    how: str
    body: str


@dataclass(frozen=True)
class Line:
    """A line of a conversation: `intent` and `feeling` of what the customer says, or `button` pressed."""

    who: str
    text: str
    intent: str = ""
    feeling: tuple[str, int] = ("calm", 3)
    button: bool = False


def edits() -> list[Edit]:
    """All examples in their order."""
    found = []
    for match in _BLOCK.finditer(GUIDE.read_text(encoding="utf8")):
        if match["mark"].startswith("例: "):
            words = match["mark"].removeprefix("例: ").split()
            path = tuple(words[1].split(".")) if len(words) == 3 else ()
            found.append(Edit(words[0], path, words[-1], match["body"]))
    return found


def conversations() -> list[list[Line]]:
    """All conversations in their order."""
    blocks = _BLOCK.finditer(GUIDE.read_text(encoding="utf8"))
    return [[_line(line) for line in m["body"].splitlines()] for m in blocks if m["mark"] == "对话"]


def _line(text: str) -> Line:
    who, _, said = text.partition("：")
    if who == "顾客点":
        return Line("顾客", said, button=True)
    found = re.fullmatch(r"顾客（(\w+)(?:，(\w+) (\d))?）", who)
    if found:
        feeling = (found[2], int(found[3])) if found[2] else ("calm", 3)
        return Line("顾客", said, found[1], feeling)
    assert who == "店小二", text
    return Line(who, said)


def mistakes() -> list[tuple[str, str, str]]:
    """The table of mistakes: right, wrong, what is told."""
    return [(m["right"], m["wrong"], m["told"]) for m in _ROW.finditer(GUIDE.read_text(encoding="utf8"))]


def copy_project(folder: Path) -> Path:
    """This project's sources and data in `folder`, without what was built."""
    left_out = shutil.ignore_patterns("__pycache__", "node_modules", "dist", "web", "images")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=left_out)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def apply(edit: Edit, root: Path) -> None:
    """Do what the guide says."""
    path = root / edit.file
    if edit.how == "新建":
        assert not path.exists(), f"{edit.file} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(edit.body, encoding="utf8")
        return
    text = path.read_text(encoding="utf8")
    if edit.how == "追加":
        path.write_text(text + edit.body, encoding="utf8")
    elif edit.how == "加在末尾":
        lines = text.splitlines(keepends=True)
        _, end = _section(lines, edit.path)
        path.write_text("".join([*lines[:end], edit.body, *lines[end:]]), encoding="utf8")
    else:
        assert edit.how == "改", edit.how
        for keys in _leaves(yaml.safe_load(edit.body)):
            text = _replaced(text, (*edit.path, *keys), edit.body)
        path.write_text(text, encoding="utf8")


def _leaves(content: object) -> list[tuple[str, ...]]:
    """The keys that lead to what is no mapping."""
    if not isinstance(content, dict):
        return [()]
    return [(str(key), *rest) for key, value in content.items() for rest in _leaves(value)]


def _replaced(text: str, keys: tuple[str, ...], body: str) -> str:
    lines, new = text.splitlines(keepends=True), body.splitlines(keepends=True)
    start, end = _section(lines, keys)
    own_start = next(i for i, line in enumerate(new) if line.strip().startswith(f"{keys[-1]}:"))
    own_indent = len(new[own_start]) - len(new[own_start].lstrip())
    own_end = next((i for i, x in enumerate(new) if i > own_start and len(x) - len(x.lstrip()) <= own_indent), len(new))
    return "".join([*lines[:start], *new[own_start:own_end], *lines[end:]])


def _section(lines: list[str], keys: tuple[str, ...]) -> tuple[int, int]:
    """First line and end of what stands under `keys`, without the blank lines and comments after it."""
    start, end, indent = -1, len(lines), -1
    for key in keys:
        start = next(i for i in range(start + 1, end) if re.match(rf" {{{indent + 1},}}{re.escape(key)}:", lines[i]))
        indent = len(lines[start]) - len(lines[start].lstrip())
        deeper = [i for i in range(start + 1, end) if lines[i].strip()]
        end = next((i for i in deeper if len(lines[i]) - len(lines[i].lstrip()) <= indent), end)
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return start, end
