"""The entries in the database: files come in all or nothing, each change raises the version."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.db import reading, writing
from bot.knowledge.entries import Check, Entry, read_entries
from bot.knowledge.fields import Shop, check_fields
from bot.knowledge.tables import EntryRow, StateRow
from bot.settings import ROOT
from bot.shop import BadRow
from bot.shop.feed_changes import Changes

FOLDER = ROOT / "data" / "knowledge"


@dataclass
class EntryImport:
    """Changes by file (accepted ones), and the refused rows of the others."""

    files: dict[str, Changes] = field(default_factory=dict)
    rejected: list[BadRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def import_entries(url: str, shop_url: str, files: Iterable[Path]) -> EntryImport:
    """Take over files of entries. A file is the whole truth about its topic: entries it no longer has are removed.

    A file with a wrong entry is refused as a whole; the others come in. Topics without a file stay as they are.

    Args:
        url: the knowledge store.
        shop_url: the shop that live fields and products are checked against.
        files: JSON files, see `read_entries`.
    """
    summary = EntryImport()
    check = _checks(Shop.fresh(shop_url))
    with writing(url) as session:
        session.execute(select(StateRow.version).with_for_update())
        before = {row.id: _entry(row) for row in session.scalars(select(EntryRow))}
        positions = {row.id: row.position for row in session.scalars(select(EntryRow))}
        coming = {path.stem: path for path in sorted(files)}
        kept = [entry for entry in before.values() if entry.topic not in coming]
        taken = {key: f"{entry.topic}.json" for entry in kept for key in (entry.id, entry.question)}
        for topic, path in coming.items():
            found = read_entries(path, taken, [check])
            if found.bad:
                summary.rejected += found.bad
                found.entries = [entry for entry in before.values() if entry.topic == topic]
            else:
                summary.files[path.name] = _write(session, topic, found.entries, before, positions)
            taken |= {key: path.name for entry in found.entries for key in (entry.id, entry.question)}
        if any(summary.files.values()):
            session.execute(update(StateRow).values(version=StateRow.version + 1))
    if len(coming) > 1:
        for topic in sorted({entry.topic for entry in kept}):
            count = sum(entry.topic == topic for entry in kept)
            summary.notes.append(f"没有收到 {topic}.json，它的 {count} 条仍在使用；不要了请放一个内容为 [] 的同名文件")
    return summary


def _checks(shop: Shop) -> Check:
    def check(entry: Entry) -> None:
        for product in entry.products:
            if product not in shop.catalogue.products:
                raise ValueError(f"products：没有商品“{product}”，请核对 products.csv")
        for text in entry.questions:
            if "{" in text or "}" in text:
                raise ValueError("question 和 alike 里不能有字段，字段只写在 answer 里")
        check_fields(entry.answer, shop)

    return check


def _write(
    session: Session, topic: str, entries: list[Entry], before: dict[str, Entry], positions: dict[str, int]
) -> Changes:
    changes = Changes()
    mine = {id_ for id_, entry in before.items() if entry.topic == topic}
    gone = mine - {entry.id for entry in entries}
    if gone:
        for part in _parts(sorted(gone)):
            session.execute(delete(EntryRow).where(EntryRow.id.in_(part)))
        changes.removed = [before[id_].question for id_ in sorted(gone)]
    new, old = [], []
    for position, entry in enumerate(entries):
        row = _row(entry) | {"position": position}
        if entry.id not in before:
            new.append(row)
            changes.new.append(entry.question)
        elif before[entry.id] != entry:
            old.append(row)
            changes.changed.append(entry.question)
        else:
            changes.same += 1
            if positions[entry.id] != position:
                old.append(row)
    session.bulk_insert_mappings(EntryRow, new)
    session.bulk_update_mappings(EntryRow, old)
    return changes


def _parts(ids: list[str], size: int = 500) -> Iterable[list[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def load_entries(url: str) -> tuple[int, list[Entry]]:
    """The version and all entries, in the order of their files."""
    with reading(url) as session:
        version = session.scalar(select(StateRow.version)) or 0
        rows = session.scalars(select(EntryRow).order_by(EntryRow.topic, EntryRow.position))
        return version, [_entry(row) for row in rows]


def entries_version(url: str) -> int:
    """Raised by every import that changed something; cheap to poll."""
    with reading(url) as session:
        return session.scalar(select(StateRow.version)) or 0


def find_entry(url: str, id_: str) -> Entry | None:
    """One entry."""
    with reading(url) as session:
        row = session.get(EntryRow, id_)
        return _entry(row) if row else None


def _entry(row: EntryRow) -> Entry:
    return Entry(
        row.id, row.topic, row.question, row.answer, tuple(row.tags), row.update_time, tuple(row.alike),
        tuple(row.products), row.valid_from, row.valid_until,
    )  # fmt: skip


def _row(entry: Entry) -> dict[str, object]:
    return vars(entry) | {name: list(getattr(entry, name)) for name in ("tags", "alike", "products")}
