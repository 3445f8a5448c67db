"""The shop's feed: CSV files into the database, all or nothing per file."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, case, func, select, update
from sqlalchemy.inspection import inspect
from sqlalchemy.orm import Session

from bot.db import upgrade, writing
from bot.settings import ROOT
from bot.shop.aftersale.exchanges import reserved_by_exchanges
from bot.shop.errors import FeedError
from bot.shop.feed_files import FeedFile, Values
from bot.shop.feed_reader import BadRow, read_feed_file
from bot.shop.feed_services import FEED_FILES, first_steps
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
    """`rows` maps each accepted file to its number of rows; a file with a bad row is refused whole."""

    rows: dict[str, int] = field(default_factory=dict)
    rejected: list[BadRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    version: int = 0


def import_folder(url: str, folder: Path, *, trade: bool = True) -> ImportSummary:
    """Take over the CSV files of `folder` (new rows added, known ones updated) and bump the catalogue's version.

    Files may be left out, as a daily feed of stock and prices does. Without `trade` the files of customers, orders,
    parcels and service stay unread: what customers did in the meantime is not undone.

    Raises:
        FeedError: the folder holds none of the feed's files.
    """
    with writing(url) as session:
        return _import(session, Path(folder), trade=trade)


def upgrade_and_seed(url: str, folder: Path = DEMO, progress: Callable[[str], object] = print) -> None:
    """Bring the tables up to date and fill an empty shop from `folder`; a filled one is left alone.

    Raises:
        FeedError: a file of the folder is wrong; nothing was imported.
    """
    upgrade(url, "shop")
    with writing(url) as session:
        if session.scalar(select(CatalogueStateRow.version).with_for_update()):
            return
        progress(f"店铺数据库是空的，正在导入 {Path(folder).name} …")
        summary = _import(session, Path(folder), progress)
        if summary.rejected:
            raise FeedError("店铺数据有误，没有导入：\n" + "\n".join(map(str, summary.rejected)))
    progress(f"店铺数据已导入：{sum(summary.rows.values())} 行")


def _import(
    session: Session, folder: Path, progress: Callable[[str], object] = lambda line: None, trade: bool = True
) -> ImportSummary:
    wanted = [spec for spec in FEED_FILES if trade or spec.name not in _TRADE_NAMES]
    files = [spec for spec in wanted if (folder / spec.name).is_file()]
    if not files:
        names = "、".join(spec.name for spec in FEED_FILES[:4])
        raise FeedError(f"文件夹 {folder} 里没有店铺数据，应有 {names} 等文件")
    # New orders wait until the import is done, so that reservations can be counted afresh.
    session.execute(select(StockRow.sku).order_by(StockRow.sku, StockRow.warehouse_id).with_for_update())
    summary = ImportSummary()
    for spec in files:
        known = {table: _keys(session, table) for table in {spec.table, *chain(*spec.references.values())}}
        rows, bad = read_feed_file(folder / spec.name, spec, known)
        if bad:
            summary.rejected += bad
            continue
        _write(session, spec, rows, known[spec.table])
        summary.rows[spec.name] = len(rows)
        progress(f"  {spec.name}：{len(rows)} 行")
    summary.notes = _count_reservations(session)
    if summary.rows:
        session.execute(update(CatalogueStateRow).values(version=CatalogueStateRow.version + 1))
    summary.version = session.scalar(select(CatalogueStateRow.version)) or 0
    return summary


def _keys(session: Session, table: Any) -> set[Any]:
    columns = inspect(table).primary_key
    rows = session.execute(select(*(getattr(table, column.name) for column in columns)))
    return {row[0] if len(columns) == 1 else tuple(row) for row in rows}


def _write(session: Session, spec: FeedFile, rows: list[Values], existing: set[Any]) -> None:
    new: list[Values] = []
    old: list[Values] = []
    columns = [column.name for column in inspect(spec.table).primary_key]
    for position, values in enumerate(rows):
        key = tuple(values[name] for name in columns)
        if spec.table is VariantRow:
            values["position"] = position
        (old if (key[0] if len(key) == 1 else key) in existing else new).append(values)
    session.bulk_insert_mappings(spec.table, new)
    first_steps(session, spec.table, new)
    if old and spec.table is StockRow:
        _update_stock(session, old)
    elif set(rows[0] if rows else ()) - set(columns):
        session.bulk_update_mappings(spec.table, old)
    session.flush()


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
    for row in session.scalars(select(StockRow).order_by(StockRow.sku, StockRow.warehouse_id)):
        units = held.pop((row.sku, row.warehouse_id), 0)
        if row.on_hand < units:
            notes.append(
                f"{row.sku} 在 {row.warehouse_id} 的库存 {row.on_hand} 少于未发货订单的 {units} 件，已按 {units} 记"
            )
            row.on_hand = units
        row.reserved = units
    for (sku, warehouse_id), units in sorted(held.items()):
        notes.append(f"{sku} 在 {warehouse_id} 没有库存记录，已按未发货订单的 {units} 件补上")
        session.add(StockRow(sku=sku, warehouse_id=warehouse_id, on_hand=units, reserved=units))
    session.flush()
    return notes
