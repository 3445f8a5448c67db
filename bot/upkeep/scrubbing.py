"""Takes out the last traces, wherever they stand: in a text the words are replaced, under a key the row goes."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, and_, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot.db import engine_for
from bot.settings import Settings
from bot.upkeep.person import Needle
from bot.upkeep.searching import Place, Tables, all_tables, holding, is_empty, is_text
from bot.upkeep.stores import databases

GONE = "已删除"
_BATCH = 200


def scrub(settings: Settings, needles: Sequence[Needle], tables: Tables | None = None) -> dict[Place, int]:
    """Remove `needles` from every table; how many rows of which were changed.

    What cannot be changed (a constraint of a table that nobody here knows) stays, and the search after it tells.
    """
    found: Counter[Place] = Counter()
    known = all_tables(settings) if tables is None else tables
    for title, url in databases(settings).items():
        for table in reversed(known.get(title, [])):  # rows that refer to others first
            found[Place(title, table.name)] += _scrub_table(url, table, needles)
    return {place: count for place, count in found.items() if count}


def _scrub_table(url: str, table: Table, needles: Sequence[Needle]) -> int:
    mine = [needle for needle in needles if table.name not in needle.but_not]
    keys = list(table.primary_key.columns)
    if not mine or not keys:
        return 0
    done = 0
    while True:
        # Short transactions: a chat must not wait for this.
        with engine_for(url).execution_options(writes=True).begin() as connection:
            condition = None if is_empty(connection, table) else holding(connection, table, mine)
            if condition is None:
                return done
            rows = connection.execute(select(table).where(condition).limit(_BATCH)).mappings().all()
            changed = 0
            for row in rows:
                place = and_(*(column == row[column.name] for column in keys))
                values, in_key = _without(table, row, mine)
                if not values and not in_key:
                    continue
                try:
                    with connection.begin_nested():
                        statement: Any = delete(table) if in_key else update(table).values(**values)
                        changed += connection.execute(statement.where(place)).rowcount
                except SQLAlchemyError:
                    continue
        done += changed
        if not changed:
            return done


def _without(table: Table, row: Any, needles: Sequence[Needle]) -> tuple[dict[str, Any], bool]:
    """The columns that change with their new values, and whether a needle stands in the row's key."""
    values = {}
    for column in table.columns:
        if not is_text(column) or row[column.name] is None:
            continue
        before = row[column.name]
        after = clean(before, needles)
        if after != before:
            if column.primary_key or column.foreign_keys:
                return {}, True
            values[column.name] = after
    return values, False


def clean(value: Any, needles: Sequence[Needle]) -> Any:
    """`value` with every needle replaced, also inside lists, objects and JSON texts."""
    if isinstance(value, dict):
        return {clean(name, needles): clean(part, needles) for name, part in value.items()}
    if isinstance(value, list):
        return [clean(part, needles) for part in value]
    if not isinstance(value, str):
        return value
    for needle in needles:
        replaced = GONE if value == needle.text else value
        value = replaced if needle.whole else value.replace(needle.text, GONE)
    return _clean_json(value, needles) if value[:1] in ("{", "[") else value


def _clean_json(text: str, needles: Sequence[Needle]) -> str:
    try:
        body = json.loads(text)
    except ValueError:
        return text
    cleaned = clean(body, needles)
    return text if cleaned == body else json.dumps(cleaned, ensure_ascii=False)
