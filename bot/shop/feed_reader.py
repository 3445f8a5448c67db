"""Reading one feed file: every row checked before any is used."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.shop.feed_files import FeedFile, Values
from bot.shop.feed_json import read_objects
from bot.shop.feed_text import read_text


@dataclass(frozen=True)
class BadRow:
    """A refused row: file name, line number (the header is line 1), reason in Chinese."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file} 第 {self.line} 行：{self.reason}"


def read_feed_file(path: Path, spec: FeedFile, known: dict[Any, set[Any]]) -> tuple[list[Values], list[BadRow]]:
    """The rows of `path` (.csv, or .json as a list of objects) as table values, and the bad ones.

    `known` maps each table to its keys, for the references.
    """
    rows: list[Values] = []
    bad: list[BadRow] = []
    seen: dict[tuple[Any, ...], int] = {}
    lines = _json_lines(path, spec) if path.suffix == ".json" else _csv_lines(path, spec)
    for line, cells in lines:
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
    return rows, bad


def _csv_lines(path: Path, spec: FeedFile) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Line numbers with cells by header, or with the reason why there are none; a wrong header ends the file."""
    try:
        content = read_text(path)
    except ValueError as error:
        yield 1, str(error)
        return
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if header is None:
                header = [name.strip() for name in cells]
                if reason := _wrong_header(header, spec):
                    yield 1, reason
                    return
            elif not any(part.strip() for part in cells):
                continue
            elif len(cells) != len(header):
                yield reader.line_num, f"应有 {len(header)} 列，实有 {len(cells)} 列"
            else:
                yield reader.line_num, dict(zip(header, (part.strip() for part in cells), strict=True))
    except csv.Error as error:
        yield reader.line_num, _broken(error)
    if header is None:
        yield 1, "文件是空的，第一行应是列名"


def _wrong_header(header: list[str], spec: FeedFile) -> str:
    for sign, name in ((";", "分号"), ("\t", "制表符"), ("|", "竖线"), ("，", "全角逗号")):
        if len(header) == 1 and sign in header[0]:
            return f"列之间用的是{name}，应是英文逗号，请另存为“CSV UTF-8（逗号分隔）”"
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        return f"列名 {'、'.join(twice)} 出现了两次，请只留一列"
    return _wrong_names(set(header), spec)


def _wrong_names(names: set[str], spec: FeedFile) -> str:
    missing, extra = sorted(set(spec.columns) - spec.optional - names), sorted(names - set(spec.columns))
    reasons = [f"缺少列 {'、'.join(missing)}"] if missing else []
    reasons += [f"没有 {'、'.join(extra)} 这样的列"] if extra else []
    return f"{'，'.join(reasons)}，请核对列名，应有 {'、'.join(spec.columns)}" if reasons else ""


def _broken(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"有一格超过 {csv.field_size_limit()} 个字，多半是少了一个引号，请检查"
    return f"不是正确的 CSV（{error}），请检查引号和逗号，文件可能只传了一半"


def _json_lines(path: Path, spec: FeedFile) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Like `_csv_lines`: objects with the columns' names; a list stands for "a|b", an object for "a=1|b=2"."""
    for line, value in read_objects(path):
        if isinstance(value, str):
            yield line, value
        elif reason := _wrong_names(set(value), spec):
            yield line, reason.replace("列", "项")
        else:
            yield line, {name: _cell(part) for name, part in value.items()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "|".join(map(_cell, value))
    if isinstance(value, dict):
        return "|".join(f"{name}={_cell(part)}" for name, part in value.items())
    return str(value).strip()


def _convert(cells: dict[str, str], spec: FeedFile) -> Values:
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
