"""The shop's feed: CSV files into the database, all or nothing per file."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, case, func, select, update
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import Session

from bot.db import repeated, upgrade, writing
from bot.settings import ROOT
from bot.shop.aftersale.exchanges import reserved_by_exchanges
from bot.shop.errors import FeedError
from bot.shop.feed_changes import Changes, difference, in_words
from bot.shop.feed_files import FeedFile, Values
from bot.shop.feed_reader import BadRow, read_feed_file
from bot.shop.feed_services import FEED_FILES, first_steps
from bot.shop.personal_data import without_erased
from bot.shop.segments.rfm import refresh_rfm
from bot.shop.tables import CatalogueStateRow, StockRow, VariantRow
from bot.shop.trade_tables import OrderLineRow, OrderRow

DEMO = ROOT / "data" / "shop"
_TRADE_NAMES = frozenset(
    f"{name}.csv"
    for name in ("customers", "accounts", "orders", "order_lines", "parcels", "coupons", "refunds", "service_tickets")
)
_HOLDING = ("pending_payment", "paid")  # orders whose goods still lie in the warehouse


@dataclass
class ImportSummary:
    """`rows` maps each accepted file to its number of rows, `changes` to what they changed.

    A file with a bad row is refused whole.
    """

    rows: dict[str, int] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)
    rejected: list[BadRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    version: int = 0


def import_folder(url: str, folder: Path, *, trade: bool = True) -> ImportSummary:
    """Take over the files of `folder` (new rows added, known ones updated) and bump the catalogue's version.

    Each is a .csv or a .json with a list of objects. Files may be left out, as a daily feed of stock and prices does.
    Without `trade` the files of customers, orders, parcels and service stay unread: what customers did in the meantime
    is not undone.

    Raises:
        FeedError: the folder holds none of the feed's files.
    """
    summary = _import_alone(url, Path(folder), trade)
    if trade:
        refresh_rfm(url)
    return summary


@repeated
def _import_alone(url: str, folder: Path, trade: bool) -> ImportSummary:
    with writing(url) as session:
        return _import(session, folder, trade=trade)


def upgrade_and_seed(url: str, folder: Path = DEMO, progress: Callable[[str], object] = print) -> bool:
    """Bring the tables up to date and fill an empty shop from `folder`; whether it was empty.

    A filled one is left alone.

    Raises:
        FeedError: a file of the folder is wrong; nothing was imported.
    """
    upgrade(url, "shop")
    is_new = _seed(url, folder, progress)
    refresh_rfm(url)
    return is_new


@repeated
def _seed(url: str, folder: Path, progress: Callable[[str], object]) -> bool:
    with writing(url) as session:
        if session.scalar(select(CatalogueStateRow.version).with_for_update()):
            return False
        progress(f"店铺数据库是空的，正在导入 {Path(folder).name} …")
        summary = _import(session, Path(folder), progress)
        if summary.rejected:
            raise FeedError("店铺数据有误，没有导入：\n" + "\n".join(map(str, summary.rejected)))
    progress(f"店铺数据已导入：{sum(summary.rows.values())} 行")
    return True


def _import(
    session: Session, folder: Path, progress: Callable[[str], object] = lambda line: None, trade: bool = True
) -> ImportSummary:
    wanted = [spec for spec in FEED_FILES if trade or spec.name not in _TRADE_NAMES]
    files = {spec.name: path for spec in wanted if (path := feed_path(folder, spec.name))}
    if not files:
        names = "、".join(spec.name for spec in FEED_FILES[:4])
        raise FeedError(f"文件夹 {folder} 里没有店铺数据，应有 {names} 等文件")
    # New orders wait until the import is done, so that reservations can be counted afresh.
    session.execute(select(StockRow.sku).order_by(StockRow.sku, StockRow.warehouse_id).with_for_update())
    summary = ImportSummary()
    for spec in wanted:
        path = files.get(spec.name)
        if path is None:
            continue
        known = {table: _keys(session, table) for table in {spec.table, *chain(*spec.references.values())}}
        rows, bad = read_feed_file(path, spec, known)
        if bad:
            summary.rejected += bad
            continue
        summary.changes[path.name] = _write(session, spec, without_erased(session, spec.table, rows))
        summary.rows[path.name] = len(rows)
        progress(f"  {path.name}：{len(rows)} 行")
    if not summary.rows:
        return summary
    summary.notes = _count_reservations(session)
    if any(summary.changes.values()):
        session.execute(update(CatalogueStateRow).values(version=CatalogueStateRow.version + 1))
    summary.version = session.scalar(select(CatalogueStateRow.version)) or 0
    return summary


def _keys(session: Session, table: Any) -> set[Any]:
    columns = inspect(table).primary_key
    rows = session.execute(select(*(getattr(table, column.name) for column in columns)))
    return {row[0] if len(columns) == 1 else tuple(row) for row in rows}


def feed_path(folder: Path, name: str) -> Path | None:
    """The feed's file `name` (as "stock.csv") in `folder`, which may also be a .json.

    Raises:
        FeedError: both are there, and nobody can tell which one is meant.
    """
    found = [path for path in (folder / name, (folder / name).with_suffix(".json")) if path.is_file()]
    if len(found) > 1:
        raise FeedError(f"{folder} 里同时有 {found[0].name} 和 {found[1].name}，请只留一个")
    return found[0] if found else None


def _write(session: Session, spec: FeedFile, rows: list[Values]) -> Changes:
    """Insert what is new and update what differs; the rest is not touched."""
    columns = [column.name for column in inspect(spec.table).primary_key]
    before = _rows_by_key(session, spec.table, columns)
    changes, new, old = Changes(), [], []
    for position, values in enumerate(rows):
        key = tuple(values[name] for name in columns)
        if spec.table is VariantRow:
            values["position"] = position
        name = " ".join(map(str, key))
        existing = before.pop(key, None)
        if existing is None:
            new.append(values)
            changes.new.append(name)
        elif found := difference(existing, _as_kept(spec.table, values, existing)):
            old.append(values)
            changes.changed.append(f"{name}：{in_words(found)}")
        else:
            changes.same += 1
    changes.absent = len(before)
    session.bulk_insert_mappings(spec.table, new)
    first_steps(session, spec.table, new)
    if old and spec.table is StockRow:
        _update_stock(session, old)
    else:
        session.bulk_update_mappings(spec.table, old)
    session.flush()
    return changes


def _rows_by_key(session: Session, table: Any, key: list[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = {}
    for row in session.execute(select(table.__table__)).mappings():
        found[tuple(row[name] for name in key)] = dict(row)
    return found


def _as_kept(table: Any, values: Values, existing: Values) -> Values:
    """What will stand in the table: promised units stay on the books, see `_update_stock`."""
    if table is StockRow:
        return values | {"on_hand": max(values["on_hand"], existing["reserved"])}
    return values


def _update_stock(session: Session, rows: list[Values]) -> None:
    # A feed may count less than what is promised to customers: promised units stay on the books.
    counted = bindparam("counted")
    statement = (
        update(StockRow.__table__)
        .where(StockRow.sku == bindparam("of_sku"), StockRow.warehouse_id == bindparam("of_warehouse"))
        .values(
            on_hand=case((counted < StockRow.reserved, StockRow.reserved), else_=counted),
            restock_date=bindparam("restock"),
        )
    )
    session.connection().execute(
        statement,
        [
            {
                "counted": row["on_hand"],
                "of_sku": row["sku"],
                "of_warehouse": row["warehouse_id"],
                "restock": row["restock_date"],
            }
            for row in rows
        ],
    )


def _count_reservations(session: Session) -> list[str]:
    """Set `reserved` to what open orders and exchanges hold, raising `on_hand` where it falls short, with notes."""
    held = {
        (sku, warehouse_id): int(units)
        for sku, warehouse_id, units in session.execute(
            select(OrderLineRow.sku, OrderRow.warehouse_id, func.sum(OrderLineRow.quantity))
            .join(OrderRow, OrderRow.no == OrderLineRow.order_no)
            .where(OrderRow.status.in_(_HOLDING))
            .group_by(OrderLineRow.sku, OrderRow.warehouse_id)
        )
    }
    for key, units in reserved_by_exchanges(session).items():
        held[key] = held.get(key, 0) + units
    notes = []
    session.expire_all()
    # Rows that hold nothing and held nothing are most of a large shop; they need no look.
    rows = {(row.sku, row.warehouse_id): row for row in session.scalars(select(StockRow).where(StockRow.reserved > 0))}
    for key in held.keys() - rows.keys():
        row = session.get(StockRow, key)
        if row is not None:
            rows[key] = row
    for (sku, warehouse_id), row in sorted(rows.items()):
        units = held.pop((sku, warehouse_id), 0)
        if row.on_hand < units:
            notes.append(f"{sku} 在 {warehouse_id} 的库存 {row.on_hand} 少于未发货订单的 {units} 件，已按 {units} 记")
            row.on_hand = units
        row.reserved = units
    for (sku, warehouse_id), units in sorted(held.items()):
        notes.append(f"{sku} 在 {warehouse_id} 没有库存记录，已按未发货订单的 {units} 件补上")
        session.add(StockRow(sku=sku, warehouse_id=warehouse_id, on_hand=units, reserved=units))
    session.flush()
    return notes
