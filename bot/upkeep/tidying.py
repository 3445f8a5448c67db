"""Retention: what is older than data/operations.yml says is archived and deleted, a little at a time.

Services go on meanwhile: each transaction takes few rows, with a pause after it. Open conversations and those whose
orders are under way keep everything. Figures of the past do not change: events go only once they are counted, contacts
and sums stay, and of a finding its quote goes but not its verdict.
"""

import gzip
import itertools
import logging
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, inspect, select

from bot.channels.shared_tables import MediaFile
from bot.clock import local, now
from bot.db import engine_for, writing
from bot.insight.projection import refresh
from bot.runtime.tracker_tables import HeadRow, TurnRow
from bot.settings import Settings
from bot.upkeep import archiving
from bot.upkeep.erasing import media_of, uploads_of
from bot.upkeep.held import held
from bot.upkeep.kinds import GROWING, Growing
from bot.upkeep.stores import exists, stores

logger = logging.getLogger(__name__)

Counts = Counter[str]
_FILE, _BATCH, _PAUSE = 20_000, 500, 0.02  # rows of an archive, rows of a transaction, seconds between two
_DATED = re.compile(r"(?:^|\"time\": \")(20\d\d-\d\d)-\d\d[ T]\d\d:")
_SENT_AFTER = timedelta(days=1)  # how much later than its file a message may be


def tidy(settings: Settings, *, dry_run: bool = False) -> Counts:
    """Do what is due; how many rows of which table, files of which folder. With `dry_run`, how many it would be.

    One process at a time: see `bot.upkeep.daily`.
    """
    counts = Counter[str]()
    if not dry_run:
        counts += _finish_archives(settings)
        if _before(settings, "events") and _is_there(settings, "insight") and _is_there(settings, "events"):
            refresh(settings)  # what is not counted yet could not go
    keep = held(settings)
    for growing in GROWING:
        before = _before(settings, growing.kind)
        if before is not None and _is_there(settings, growing.room):
            counts[growing.table.__tablename__] += _tidy_table(settings, growing, before, keep, dry_run=dry_run)
    if not dry_run and _before(settings, "dialogue") is not None and _is_there(settings, "runtime"):
        _drop_heads(settings)
    counts += _tidy_media(settings, keep, dry_run=dry_run)
    counts += _tidy_logs(settings, dry_run=dry_run)
    months = settings.operations.retention.archive_months
    if months and not dry_run:
        counts["archive"] += archiving.forget_before(_archive(settings), f"{months_ago(months):%Y-%m}")
    return Counter({name: count for name, count in counts.items() if count})


def months_ago(months: int) -> datetime:
    """The midnight of the shop `months` months ago; the last day of a shorter month for one that it does not have."""
    today = local(now()).replace(hour=0, minute=0, second=0, microsecond=0)
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    last = (datetime(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return today.replace(year=year, month=month + 1, day=min(today.day, last))


def _before(settings: Settings, kind: str) -> datetime | None:
    months = int(getattr(settings.operations.retention, kind))
    return months_ago(months) if months else None


def _archive(settings: Settings) -> Path:
    return settings.var / "archive"


def _url(settings: Settings, room: str) -> str:
    return next(store.url for store in stores(settings) if store.room == room)


def _is_there(settings: Settings, room: str) -> bool:
    (store,) = [store for store in stores(settings) if store.room == room]
    if not exists(store.url):
        return False
    return set(store.metadata.tables) <= set(inspect(engine_for(store.url)).get_table_names())


def _tidy_table(settings: Settings, growing: Growing, before: datetime, keep: set[str], *, dry_run: bool) -> int:
    url, count = _url(settings, growing.room), 0
    for rows in _old_rows(settings, growing, before, keep):
        if not dry_run:
            _archive_and_delete(settings, url, growing, rows)
        count += len(rows)
    return count


def _old_rows(settings: Settings, growing: Growing, before: datetime, keep: set[str]) -> Iterator[list[dict[str, Any]]]:
    """The old rows in the order of their keys, without those of conversations in `keep`."""
    url, table = _url(settings, growing.room), growing.table.__table__
    condition, key = growing.is_old(settings, before), growing.key
    query, last, found = select(table).where(condition).order_by(*key).limit(_BATCH), None, list[dict[str, Any]]()
    while True:
        page = query if last is None else query.where(_after(key, last))
        with engine_for(url).connect() as connection:
            rows = [dict(row) for row in connection.execute(page).mappings()]
        found += [row for row in rows if growing.chat is None or row[growing.chat.name] not in keep]
        if len(found) >= _FILE or (found and len(rows) < _BATCH):
            yield found
            found = []
        if len(rows) < _BATCH:
            return
        last = [rows[-1][column.name] for column in key]


def _after(key: list[Any], last: list[Any]) -> Any:
    """Rows whose key comes after `last`."""
    condition = key[-1] > last[-1]
    for column, value in zip(key[-2::-1], last[-2::-1], strict=True):
        condition = (column > value) | ((column == value) & condition)
    return condition


def _archive_and_delete(settings: Settings, url: str, growing: Growing, rows: list[dict[str, Any]]) -> None:
    policy, name = settings.operations.retention, growing.table.__tablename__
    key = [column.name for column in growing.key]
    if growing.kind not in policy.archive:
        _delete(url, growing, [[row[column] for column in key] for row in rows])
        return
    months: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        months.setdefault(growing.month(row), []).append(row)
    for month, some in months.items():
        folder = _archive(settings) / growing.kind / month
        path = archiving.write(folder, name, some, key, masked=policy.mask)
        _delete(url, growing, [[row[column] for column in key] for row in some])
        archiving.finish(path)


def _delete(url: str, growing: Growing, keys: list[list[Any]]) -> int:
    count = 0
    for start in range(0, len(keys), _BATCH):
        with writing(url) as session:
            count += growing.remove(session, keys[start : start + _BATCH])
        time.sleep(_PAUSE)
    return count


def _finish_archives(settings: Settings) -> Counts:
    """Delete what an earlier run has archived and not deleted."""
    tables = {growing.table.__tablename__: growing for growing in GROWING}
    counts = Counter[str]()
    for path in archiving.unfinished(_archive(settings)):
        growing = tables.get(archiving.table_of(path))
        if growing is None:
            logger.warning("%s 里的表没有了，归档留着", path)
        else:
            keys = list(archiving.keys_in(path, [column.name for column in growing.key]))
            counts[growing.table.__tablename__] += _delete(_url(settings, growing.room), growing, keys)
        archiving.finish(path)
    return counts


def _drop_heads(settings: Settings) -> None:
    """Conversations of which no turn is left are not known any more."""
    url = _url(settings, "runtime")
    turns = select(TurnRow.number).where(TurnRow.sender_id == HeadRow.sender_id).exists()
    while True:
        with writing(url) as session:
            gone = list(session.scalars(select(HeadRow.sender_id).where(~turns).limit(_BATCH)))
            if not gone:
                return
            empty = delete(HeadRow).where(HeadRow.sender_id.in_(gone), ~turns)
            session.execute(empty.execution_options(synchronize_session=False))
        time.sleep(_PAUSE)


def _tidy_media(settings: Settings, keep: set[str], *, dry_run: bool) -> Counts:
    """Pictures and recordings by the age of their file; those that a kept conversation shows stay."""
    before = _before(settings, "media")
    counts = Counter[str]()
    if before is None or not _is_there(settings, "conversations"):
        return counts
    limit = (before - _SENT_AFTER).timestamp()
    for folder, names_of in (("media", media_of), ("uploads", uploads_of)):
        old = [path for path in (settings.var / folder).glob("*") if path.is_file() and path.stat().st_mtime < limit]
        if not old:
            continue
        stay = set(names_of(settings.chat_url, keep))
        for path in old:
            if path.name in stay:
                continue
            counts[folder] += 1
            if not dry_run:
                if folder == "media" and _is_there(settings, "channels"):
                    with writing(settings.chat_url) as session:
                        gone = delete(MediaFile).where(MediaFile.name == path.name)
                        session.execute(gone.execution_options(synchronize_session=False))
                path.unlink(missing_ok=True)
    return counts


def _tidy_logs(settings: Settings, *, dry_run: bool) -> Counts:
    """Once a month a log is packed and begun anew (its process goes on writing to it); packed ones go when old."""
    before = _before(settings, "logs")
    counts = Counter[str]()
    if before is None:
        return counts
    for path in sorted((settings.var / "log").glob("*.log*")):
        if path.stat().st_mtime < before.timestamp():
            counts["log"] += 1
            if not dry_run:
                path.unlink(missing_ok=True)
            continue
        month = _month_of(path)
        packed = path.with_name(f"{path.stem}.{month}.log.gz")
        if dry_run or path.suffix != ".log" or not month or month >= f"{local(now()):%Y-%m}" or packed.exists():
            continue
        partial = packed.with_suffix(".part")
        with path.open("rb") as log, gzip.open(partial, "wb") as whole:
            shutil.copyfileobj(log, whole)
        partial.replace(packed)
        os.truncate(path, 0)
    return counts


def _month_of(log: Path) -> str:
    """The month in which a log begins, by the first line that has a date; "" when none has."""
    with log.open(encoding="utf8", errors="replace") as file:
        for line in itertools.islice(file, 1000):
            if found := _DATED.search(line):
                return found[1]
    return ""
