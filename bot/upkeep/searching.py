"""Looks for a person's traces in every text of every table there is, whoever made the table.

Rows and words are compared in the database. JSON may hold what is not ASCII as escapes, so both forms are looked for.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, MetaData, String, Table, Text, and_, cast, func, literal, or_, select
from sqlalchemy.engine import Connection

from bot.db import engine_for
from bot.settings import Settings
from bot.upkeep.person import Needle
from bot.upkeep.stores import databases, exists

# What the law wants kept, or what holds the request itself.
EXEMPT_COLUMNS = {("invoices", "title"), ("invoices", "tax_no")}
EXEMPT_TABLES = {"upkeep_erasures"}
_BETWEEN = "\x1f"  # columns of a row; stands in no needle


@dataclass(frozen=True)
class Place:
    """A table of a database, by their names."""

    database: str
    table: str


Tables = dict[str, list[Table]]  # title of a database → its tables, those that others refer to first


def all_tables(settings: Settings) -> Tables:
    """All tables that are really there."""
    found = {}
    for title, url in databases(settings).items():
        if exists(url):
            read = MetaData()
            read.reflect(engine_for(url))
            found[title] = read.sorted_tables
    return found


def search(settings: Settings, needles: Sequence[Needle], tables: Tables | None = None) -> dict[Place, int]:
    """How many rows of which table hold one of the needles; `tables` as `all_tables` has read them just now."""
    found: Counter[Place] = Counter()
    known = all_tables(settings) if tables is None else tables
    for title, url in databases(settings).items():
        if title not in known:
            continue
        with engine_for(url).connect() as connection:
            for table in known[title]:
                condition = None if is_empty(connection, table) else holding(connection, table, needles)
                if condition is None:
                    continue
                count = connection.execute(select(func.count()).select_from(table).where(condition)).scalar()
                found[Place(title, table.name)] += int(count or 0)
    for title, path, count in _files(settings, needles):
        found[Place(title, path)] += count
    return {place: count for place, count in found.items() if count}


def is_empty(connection: Connection, table: Table) -> bool:
    """Whether there is nothing to look at; asking so is quicker than a condition of hundreds of words."""
    return connection.execute(select(literal(1)).select_from(table).limit(1)).first() is None


def holding(connection: Connection, table: Table, needles: Sequence[Needle]) -> Any:
    """The condition for rows of `table` that hold a needle; None when it has no texts to look at."""
    mine = [needle for needle in needles if table.name not in needle.but_not]
    columns = [column for column in table.columns if is_text(column)]
    if table.name in EXEMPT_TABLES or not mine or not columns:
        return None
    inside = func.strpos if connection.dialect.name == "postgresql" else func.instr
    words = {column: _words(connection, column) for column in columns}
    # All words of a row as one: a condition for each column would make statements of thousands.
    row = func.coalesce(words[columns[0]], "")
    for column in columns[1:]:
        row = row.op("||")(_BETWEEN).op("||")(func.coalesce(words[column], ""))
    conditions = [
        inside(row, literal(text, Text)) > 0 for needle in mine if not needle.whole for text in spellings(needle)
    ]
    conditions += [
        _is_whole(inside, column, words[column], needle) for needle in mine if needle.whole for column in columns
    ]
    return or_(*conditions)


def _words(connection: Connection, column: Any) -> Any:
    # MySQL does not compare texts of different alphabets and orders, and a foreign table may have any.
    return cast(column, Text) if isinstance(column.type, JSON) or connection.dialect.name == "mysql" else column


def is_text(column: Any) -> bool:
    """Whether a column holds words: text or JSON, and not what the law wants kept."""
    return isinstance(column.type, String | Text | JSON) and (column.table.name, column.name) not in EXEMPT_COLUMNS


def spellings(needle: Needle) -> list[str]:
    """The needle as it may stand in a text or in JSON."""
    return list(
        dict.fromkeys([needle.text, json.dumps(needle.text)[1:-1], json.dumps(needle.text, ensure_ascii=False)[1:-1]])
    )


def _is_whole(inside: Any, column: Any, words: Any, needle: Needle) -> Any:
    quoted = or_(*(inside(words, literal(f'"{text}"', Text)) > 0 for text in spellings(needle)))
    return (
        quoted
        if isinstance(column.type, JSON)
        else or_(words == needle.text, and_(_may_be_json(words, inside), quoted))
    )


def _may_be_json(words: Any, inside: Any) -> Any:
    return or_(inside(words, literal("{", Text)) > 0, inside(words, literal("[", Text)) > 0)


def _files(settings: Settings, needles: Sequence[Needle]) -> Iterator[tuple[str, str, int]]:
    """Events on their way (var/spool) and archives (var/archive), line by line."""
    for path in [*sorted((settings.var / "spool").glob("*.jsonl")), *archives(settings)]:
        count = sum(line_holds(line, needles) for line in lines_of(path))
        if count:
            yield "文件", f"{path.parent.name}/{path.name}", count


def archives(settings: Settings) -> list[Path]:
    """The files of the archive, oldest first."""
    return sorted((settings.var / "archive").glob("**/*.jsonl.gz"))


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file that may be compressed, or be gone meanwhile."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rt", encoding="utf8") as packed:
                yield from packed
        else:
            with path.open(encoding="utf8", errors="replace") as file:
                yield from file
    except FileNotFoundError:
        return


def line_holds(line: str, needles: Sequence[Needle]) -> bool:
    """Whether a line of JSON holds one of the needles."""
    for needle in needles:
        for text in spellings(needle):
            if (f'"{text}"' if needle.whole else text) in line:
                return True
    return False
