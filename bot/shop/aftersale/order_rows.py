"""The order that a request is about: found for its owner only, locked, its stock locked before it."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.shop.access import Access, check_access, plain_number
from bot.shop.aftersale.requests import Changed
from bot.shop.errors import NotFound
from bot.shop.segments.rfm import update_rfm
from bot.shop.tables import StockRow
from bot.shop.trade_tables import OrderLineRow, OrderRow


def owned_order(session: Session, access: Access, no: str, *, lock_stock_of: tuple[str, ...] | None = None) -> OrderRow:
    """The order `no`, locked until the end of the transaction.

    With `lock_stock_of` (more skus than the order's own, or none) the stock rows are locked first, in the order that
    every other writer keeps.

    Raises:
        NotFound: no such order, or not this account's.
    """
    no = plain_number(no)
    if lock_stock_of is not None:
        skus = [*session.scalars(select(OrderLineRow.sku).where(OrderLineRow.order_no == no)), *lock_stock_of]
        rows = select(StockRow.sku).where(StockRow.sku.in_(skus)).order_by(StockRow.sku, StockRow.warehouse_id)
        session.execute(rows.with_for_update())
    row = session.get(OrderRow, no, with_for_update=True, populate_existing=True)
    check_access(access, no, row)
    assert row is not None  # checked
    return row


def lines_of(session: Session, no: str) -> list[OrderLineRow]:
    """The order's lines by sku."""
    rows = select(OrderLineRow).where(OrderLineRow.order_no == no).order_by(OrderLineRow.sku)
    return list(session.scalars(rows.execution_options(populate_existing=True)))


def line_of(session: Session, no: str, sku: str) -> OrderLineRow:
    """The line of `sku`.

    Raises:
        NotFound: the order holds no such goods.
    """
    row = next((line for line in lines_of(session, no) if line.sku == sku), None)
    if row is None:
        raise NotFound("line", sku)
    return row


def change_order(session: Session, order: OrderRow, **values: Any) -> None:
    """Set columns of the order if its status is still the one that was checked.

    Raises:
        Changed: it is not.
    """
    changed: Any = session.execute(
        update(OrderRow)
        .where(OrderRow.no == order.no, OrderRow.status == order.status)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        raise Changed
    session.expire(order)
    update_rfm(session, order.customer_id)


def give_back(session: Session, order: OrderRow, sku: str, quantity: int) -> None:
    """Free reserved units of the order's warehouse."""
    _reserved(session, order, sku, -quantity, StockRow.reserved >= quantity)


def reserve(session: Session, order: OrderRow, sku: str, quantity: int) -> None:
    """Reserve units in the order's warehouse.

    Raises:
        Changed: fewer are left than were checked.
    """
    _reserved(session, order, sku, quantity, StockRow.on_hand - StockRow.reserved >= quantity)


def free_units(session: Session, warehouse_id: str, sku: str) -> int:
    """Units of `sku` that the warehouse can still promise."""
    rows = select(StockRow.on_hand - StockRow.reserved)
    return session.scalar(rows.where(StockRow.sku == sku, StockRow.warehouse_id == warehouse_id)) or 0


def _reserved(session: Session, order: OrderRow, sku: str, units: int, condition: Any) -> None:
    changed: Any = session.execute(
        update(StockRow)
        .where(StockRow.sku == sku, StockRow.warehouse_id == order.warehouse_id, condition)
        .values(reserved=StockRow.reserved + units)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        raise Changed
