"""Reading one feed file: every row checked before any is used."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.shop.feed_files import FeedFile, Values


@dataclass(frozen=True)
class BadRow:
    """A refused row: file name, line number (the header is line 1), reason in Chinese."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file} 第 {self.line} 行：{self.reason}"


def read_feed_file(path: Path, spec: FeedFile, known: dict[Any, set[Any]]) -> tuple[list[Values], list[BadRow]]:
    """The rows of `path` as table values, and the bad ones.

    `known` maps each table to its keys, for the references.
    """
    rows: list[Values] = []
    bad: list[BadRow] = []
    seen: dict[tuple[Any, ...], int] = {}
    for line, cells in _lines(path):
        try:
            if isinstance(cells, str):
                raise ValueError(cells)
            values = _convert(cells, spec)
            _check_references(values, spec, known)
            key = tuple(values[name] for name in spec.key)
            if key in seen:
                raise ValueError(f"与第 {seen[key]} 行重复：{'、'.join(map(str, key))}")
            seen[key] = line
            rows.append(values)
        except ValueError as error:
            bad.append(BadRow(path.name, line, str(error)))
            if line == 1:  # a wrong header makes every row wrong
                break
    return rows, bad


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Line numbers with cells by header, or with the reason why there are none."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        yield 1, "不是 UTF-8 编码，请在表格软件里另存为“CSV UTF-8”"
        return
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if header is None:
                header = [name.strip() for name in cells]
            elif not any(part.strip() for part in cells):
                continue
            elif len(cells) != len(header):
                yield reader.line_num, f"应有 {len(header)} 列，实有 {len(cells)} 列"
            else:
                yield reader.line_num, dict(zip(header, (part.strip() for part in cells), strict=True))
    except csv.Error as error:
        yield reader.line_num, f"不是正确的 CSV（{error}），请检查引号和逗号"
    if header is None:
        yield 1, "文件是空的，第一行应是列名"


def _convert(cells: dict[str, str], spec: FeedFile) -> Values:
    missing, extra = set(spec.columns) - spec.optional - set(cells), set(cells) - set(spec.columns)
    if missing:
        raise ValueError(f"缺少列 {'、'.join(sorted(missing))}")
    if extra:
        raise ValueError(f"没有 {'、'.join(sorted(extra))} 这样的列，请核对列名")
    values: Values = {}
    for header, (column, convert) in spec.columns.items():
        if header not in cells:
            continue
        try:
            values[column] = convert(cells[header])
        except ValueError as error:
            raise ValueError(f"{header}：{error}") from None
        limit = getattr(spec.table.__table__.c[column].type, "length", None)
        if limit and isinstance(values[column], str) and len(values[column]) > limit:
            raise ValueError(f"{header}：太长，最多 {limit} 个字")
    spec.complete(values)
    return values


def _check_references(values: Values, spec: FeedFile, known: dict[Any, set[Any]]) -> None:
    for column, tables in spec.references.items():
        cell = values[column]
        for key in cell if isinstance(cell, list) else [cell]:
            if key is not None and not any(key in known[table] for table in tables):
                raise ValueError(f"{column}：没有“{key}”，请先在对应的文件里加上它")
