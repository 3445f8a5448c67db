"""What the shop knows: a question with its answer, and the strict reader of the files that hold them."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.shop import BadRow
from bot.shop.feed_cells import moment
from bot.shop.feed_json import read_objects

LONGEST = {"question": 200, "answer": 1000, "id": 60, "tags": 30, "alike": 200, "products": 48}
MOST = 30  # words in one list
_NEEDED = ("question", "answer", "tags", "update_time")
_KNOWN = {*_NEEDED, "id", "alike", "products", "valid_from", "valid_until"}
_ID = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Entry:
    """An entry; `alike` are other ways to ask, `topic` is its file's name; times are UTC, `valid_until` exclusive."""

    id: str
    topic: str
    question: str
    answer: str
    tags: tuple[str, ...]
    update_time: datetime
    alike: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @property
    def questions(self) -> tuple[str, ...]:
        """Every way to ask it."""
        return (self.question, *self.alike)

    def valid_at(self, when: datetime) -> bool:
        """Whether it may be said then."""
        begun = self.valid_from is None or self.valid_from <= when
        return begun and (self.valid_until is None or when < self.valid_until)


@dataclass
class Reading:
    """The entries of one file, and why others were refused (then the file counts as a whole as refused)."""

    entries: list[Entry] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


Check = Callable[[Entry], None]


def read_entries(path: Path, taken: Mapping[str, str], checks: Iterable[Check] = ()) -> Reading:
    """The entries of a JSON file.

    Args:
        path: a list of objects with question, answer, tags, update_time, and optionally id, alike, products,
            valid_from and valid_until.
        taken: ids and questions that other files already have, with the file's name.
        checks: further ones, as of live fields; they raise ValueError with the reason in Chinese.
    """
    found = Reading()
    seen: dict[str, int] = {}
    checks = list(checks)
    for line, value in read_objects(path):
        try:
            if isinstance(value, str):
                raise ValueError(value)
            entry = _entry(value, path.stem)
            for key in (entry.id, entry.question):
                if key in seen:
                    raise ValueError(f"与第 {seen[key]} 行的词条重复：{key}，请合并或改名")
                if key in taken:
                    raise ValueError(f"与 {taken[key]} 里的词条重复：{key}，请删掉其中一条")
                seen[key] = line
            for check in checks:
                check(entry)
            found.entries.append(entry)
        except ValueError as error:
            found.bad.append(BadRow(path.name, line, str(error)))
    return found


def _entry(value: dict[str, Any], topic: str) -> Entry:
    missing, extra = [name for name in _NEEDED if name not in value], sorted(set(value) - _KNOWN)
    if missing:
        raise ValueError(f"缺少 {'、'.join(missing)}，请补上")
    if extra:
        raise ValueError(f"没有 {'、'.join(extra)} 这一项，可用的有 {'、'.join(sorted(_KNOWN))}")
    question = _text(value, "question")
    id_ = _text(value, "id") if "id" in value else hashlib.sha256(question.encode()).hexdigest()[:12]
    if not _ID.fullmatch(id_):
        raise ValueError(f"id：“{id_}”只能用文字、数字、点、横线和下划线")
    begin, end = _time(value, "valid_from"), _time(value, "valid_until")
    if begin and end and end <= begin:
        raise ValueError("valid_until 应晚于 valid_from")
    updated = _time(value, "update_time")
    if updated is None:
        raise ValueError("update_time：不能为空，请写成 2026-11-20 这样")
    return Entry(
        id_, topic, question, _text(value, "answer"), _words(value, "tags"), updated,
        tuple(word for word in _words(value, "alike") if word != question), _words(value, "products"), begin, end,
    )  # fmt: skip


def _text(value: Mapping[str, Any], name: str) -> str:
    return _checked(value[name], name)


def _checked(text: Any, name: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name}：应为文字，不能为空")
    if len(text) > LONGEST[name]:
        raise ValueError(f"{name}：太长，最多 {LONGEST[name]} 个字，现有 {len(text)} 个")
    if "\x00" in text:
        raise ValueError(f"{name}：含有空字符（NUL），请删掉它")
    return text.strip()


def _words(value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    words = value.get(name, [])
    if not isinstance(words, list):
        raise ValueError(f'{name}：应为列表，如 ["甲", "乙"]')
    if len(words) > MOST:
        raise ValueError(f"{name}：最多 {MOST} 个，现有 {len(words)} 个")
    return tuple(dict.fromkeys(_checked(word, name) for word in words))


def _time(value: Mapping[str, Any], name: str) -> datetime | None:
    if value.get(name) is None:
        return None
    if not isinstance(value[name], str):
        raise ValueError(f"{name}：应为文字，如 2026-11-20")
    try:
        return moment(value[name])
    except ValueError as error:
        raise ValueError(f"{name}：{error}") from None
