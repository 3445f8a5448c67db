"""Placing orders and releasing those that nobody paid; stock is reserved so that it never falls below zero."""

import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.clock import local, now
from bot.db import reading, repeated, writing
from bot.settings import get_settings
from bot.shop.catalogue import warehouse_view
from bot.shop.errors import BadQuantity, OutOfStock, ShopError, UnknownSku, UnknownWarehouse
from bot.shop.outreach.outcomes import took_offer
from bot.shop.presale.bill import bill_for, give_coupons_back, use_coupon
from bot.shop.price_table import current_prices
from bot.shop.segments.rfm import update_rfm, update_rfm_of_order
from bot.shop.shipping import plain_city, ship_by
from bot.shop.stock import availability_in
from bot.shop.tables import StockRow, WarehouseRow
from bot.shop.trade_tables import AccountRow, OrderLineRow, OrderRow
from bot.shop.trade_views import PlacedOrder

_TRIES = 5


@repeated
def place_order(
    url: str,
    *,
    channel: str,
    account: str,
    sku: str,
    quantity: int,
    warehouse_id: str | None = None,
    city: str | None = None,
    coupon_id: str | None = None,
    idempotency_key: str,
) -> PlacedOrder:
    """Place an order and reserve its stock in one transaction; the same key of an account returns the same order.

    Sold from `warehouse_id` when it has the quantity, otherwise from the best warehouse for `city` that has. Offers are
    taken off, then the customer's coupon `coupon_id` if given; with a known `city` the shipping fee is added.

    Raises:
        UnknownSku, UnknownWarehouse, BadQuantity: the request is wrong.
        OutOfStock: no warehouse has the quantity.
        Refused: coupon_…, region_not_served.
    """
    limit = get_settings().operations.orders.max_quantity
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= limit:
        raise BadQuantity(quantity, limit)
    key = _Key(channel, account, idempotency_key)
    for _ in range(_TRIES):
        with suppress(IntegrityError), writing(url) as session:
            # Refused: the same key at the same moment (its order is there now), or a number drawn twice. Once more.
            return _placed_before(session, key) or _place(session, key, sku, quantity, warehouse_id, city, coupon_id)
    raise ShopError("订单没有保存成功，请稍后再试")


class _Key(NamedTuple):
    channel: str
    account: str
    idempotency_key: str


def _place(
    session: Session, key: _Key, sku: str, quantity: int, warehouse_id: str | None, city: str | None,
    coupon_id: str | None,
) -> PlacedOrder:  # fmt: skip
    stock = availability_in(session, sku, city)
    price = current_prices(session, [sku]).get(sku)
    if price is None:
        raise UnknownSku(sku)
    if warehouse_id is not None and session.get(WarehouseRow, warehouse_id) is None:
        raise UnknownWarehouse(warehouse_id)
    options = sorted(stock.options, key=lambda option: option.warehouse_id != warehouse_id)
    chosen = next((o for o in options if _reserve(session, sku, o.warehouse_id, quantity)), None)
    if chosen is None:
        # Read again: this very request, sent twice, or another customer may have been faster since.
        placed = _placed_before(session, key)
        if placed:
            return placed
        left = availability_in(session, sku, city).options
        raise OutOfStock(sku, max((option.available for option in left), default=0))
    created = now()
    customer = _customer_of(session, key)
    bill = bill_for(session, {sku: (price.price_fen, quantity)}, chosen.warehouse_id, city, customer, coupon_id)
    order = OrderRow(
        **key._asdict(),
        no=_new_number(created),
        customer_id=customer,
        status="pending_payment",
        amount_fen=bill.payable_fen,
        discount_fen=bill.discount_fen,
        shipping_fen=bill.shipping_fen,
        city=plain_city(city),
        created_at=created,
        ship_by=chosen.ship_by,
        pay_before=created + timedelta(minutes=get_settings().operations.orders.pay_minutes),
        warehouse_id=chosen.warehouse_id,
    )
    session.add(order)
    session.flush()
    session.add(OrderLineRow(order_no=order.no, sku=sku, quantity=quantity, price_fen=price.price_fen))
    session.flush()
    if coupon_id is not None:
        use_coupon(session, coupon_id, order.no)
    took_offer(session, order, [sku], coupon_id, bill.coupon_fen)
    update_rfm(session, customer)
    return _as_placed(session, order)


def _reserve(session: Session, sku: str, warehouse_id: str, quantity: int) -> bool:
    """Take `quantity` units if they are still free; the condition is checked by the database itself."""
    free = StockRow.on_hand - StockRow.reserved >= quantity
    taken = session.execute(
        update(StockRow)
        .where(StockRow.sku == sku, StockRow.warehouse_id == warehouse_id, free)
        .values(reserved=StockRow.reserved + quantity)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    return bool(taken.rowcount == 1)


def _new_number(moment: datetime) -> str:
    # Random, so that nobody finds a neighbour's order by counting.
    return f"DX{local(moment):%y%m%d}{secrets.randbelow(10**6):06d}"


def _customer_of(session: Session, key: _Key) -> str | None:
    account = session.get(AccountRow, (key.channel, key.account))
    return account.customer_id if account else None


def _placed_before(session: Session, key: _Key) -> PlacedOrder | None:
    row = session.scalars(select(OrderRow).filter_by(**key._asdict())).first()
    return _as_placed(session, row) if row else None


def _as_placed(session: Session, order: OrderRow) -> PlacedOrder:
    line = session.scalars(select(OrderLineRow).where(OrderLineRow.order_no == order.no)).first()
    row = session.get(WarehouseRow, order.warehouse_id)
    assert line is not None and row is not None  # foreign keys
    warehouse = warehouse_view(row)
    leaves = order.ship_by or ship_by(warehouse, order.created_at)
    return PlacedOrder(
        order.no, line.sku, line.quantity, order.amount_fen, warehouse, leaves,
        order.pay_before or order.created_at, order.discount_fen, order.shipping_fen,
    )  # fmt: skip


def release_unpaid(url: str) -> int:
    """Cancel orders whose time to pay is over and give their stock back; returns how many.

    Each order is its own transaction, so that a stop in between loses nothing and no lock is held for long.
    """
    moment = now()
    with reading(url) as session:
        due = select(OrderRow.no).where(OrderRow.status == "pending_payment", OrderRow.pay_before < moment)
        numbers = list(session.scalars(due.order_by(OrderRow.no)))
    return sum(_release(url, no, moment) for no in numbers)


@repeated
def _release(url: str, no: str, moment: datetime) -> bool:
    for _ in range(_TRIES):
        with suppress(_Changed), writing(url) as session:
            return _release_once(session, no, moment)
    return False  # changed all the time; the next run finds it


def _release_once(session: Session, no: str, moment: datetime) -> bool:
    locked = {(sku, warehouse) for sku, warehouse, _ in _reserved_by(session, no)}
    for sku, warehouse_id in sorted(locked):  # stock before order, as an import locks them
        session.execute(_stock_of(select(StockRow.sku), sku, warehouse_id).with_for_update())
    cancelled = session.execute(
        update(OrderRow)
        .where(OrderRow.no == no, OrderRow.status == "pending_payment")
        .values(status="cancelled", cancelled_at=moment)
        .execution_options(synchronize_session=False)
    )
    if cancelled.rowcount != 1:  # paid, or released by another process, in the meantime
        return False
    lines = _reserved_by(session, no)  # while we waited for the locks the customer may have changed the goods
    if not {(sku, warehouse) for sku, warehouse, _ in lines} <= locked:
        raise _Changed
    for sku, warehouse_id, quantity in lines:
        give_back = _stock_of(update(StockRow), sku, warehouse_id).values(reserved=StockRow.reserved - quantity)
        session.execute(give_back.execution_options(synchronize_session=False))
    give_coupons_back(session, no)
    update_rfm_of_order(session, no)
    return True


class _Changed(Exception):
    """The order holds other goods than those whose stock was locked; nothing is kept of this try."""


def _reserved_by(session: Session, no: str) -> list[tuple[str, str, int]]:
    """An order's goods: sku, warehouse, quantity."""
    lines = (
        select(OrderLineRow.sku, OrderRow.warehouse_id, OrderLineRow.quantity)
        .join(OrderRow, OrderRow.no == OrderLineRow.order_no)
        .where(OrderRow.no == no)
        .order_by(OrderLineRow.sku)
    )
    return [tuple(row) for row in session.execute(lines)]


def _stock_of(statement: Any, sku: str, warehouse_id: str) -> Any:
    return statement.where(StockRow.sku == sku, StockRow.warehouse_id == warehouse_id)
