"""Finding orders, with their lines and parcels."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from bot.clock import as_utc
from bot.db import reading
from bot.shop.access import Access, check_access, plain_number
from bot.shop.tables import ProductRow, VariantRow, WarehouseRow
from bot.shop.trade_tables import AccountRow, OrderLineRow, OrderRow, ParcelRow
from bot.shop.trade_views import Order, OrderLine, Parcel, Trace

# Made once: asked in most turns about an order. Columns, not whole rows: products carry long texts.
_LINES = (
    select(
        OrderLineRow.order_no,
        OrderLineRow.sku,
        OrderLineRow.quantity,
        OrderLineRow.price_fen,
        VariantRow.label,
        ProductRow.id,
        ProductRow.name,
        ProductRow.unit,
    )
    .join(VariantRow, VariantRow.sku == OrderLineRow.sku)
    .join(ProductRow, ProductRow.id == VariantRow.product_id)
    .where(OrderLineRow.order_no.in_(bindparam("orders", expanding=True)))
    .order_by(OrderLineRow.order_no, OrderLineRow.sku)
)
_PARCELS = (
    select(ParcelRow.no, ParcelRow.order_no, ParcelRow.carrier, ParcelRow.status, ParcelRow.traces)
    .where(ParcelRow.order_no.in_(bindparam("orders", expanding=True)))
    .order_by(ParcelRow.no)
)
_WAREHOUSES = select(WarehouseRow.id, WarehouseRow.name)


def find_order(url: str, no: str) -> Order | None:
    """The order with the number `no` (any case, blanks around it ignored), or None.

    Whose order it is, the caller must check before showing it.
    """
    with reading(url) as session:
        row = session.get(OrderRow, no.strip().upper())
        return _views(session, [row])[0] if row else None


def orders_of(url: str, channel: str, account: str, limit: int = 20) -> list[Order]:
    """The account's orders, newest first, with those of the same customer in other channels."""
    with reading(url) as session:
        customer = session.scalar(
            select(AccountRow.customer_id).where(AccountRow.channel == channel, AccountRow.account == account)
        )
        own = (OrderRow.channel == channel) & (OrderRow.account == account)
        whose = or_(own, OrderRow.customer_id == customer) if customer else own
        newest = select(OrderRow).where(whose).order_by(OrderRow.created_at.desc(), OrderRow.no).limit(limit)
        return _views(session, session.scalars(newest).all())


def order_for(url: str, access: Access, no: str) -> Order:
    """The order for who may see it.

    Raises:
        NotFound: no such order, or not this account's.
    """
    order = find_order(url, plain_number(no))
    check_access(access, plain_number(no), order)
    assert order is not None  # checked
    return order


def orders_for(url: str, access: Access, limit: int = 20) -> list[Order]:
    """The account's and its customer's orders and those it proved to own, newest first."""
    with reading(url) as session:
        own = (OrderRow.channel == access.channel) & (OrderRow.account == access.account)
        granted = OrderRow.no.in_([grant.order_no for grant in access.grants])
        whose = or_(own, granted, OrderRow.customer_id == access.customer_id) if access.customer_id else own | granted
        newest = select(OrderRow).where(whose).order_by(OrderRow.created_at.desc(), OrderRow.no)
        found = [row for row in session.scalars(newest) if access.may_use(row.no, row)]
        return _views(session, found[:limit])


def _views(session: Session, rows: Sequence[OrderRow]) -> list[Order]:
    if not rows:
        return []
    wanted = {"orders": [row.no for row in rows]}
    lines: dict[str, list[OrderLine]] = {}
    for line in session.execute(_LINES, wanted):
        lines.setdefault(line.order_no, []).append(
            OrderLine(line.sku, line.id, line.name, line.label, line.unit, line.quantity, line.price_fen)
        )
    parcels: dict[str, list[Parcel]] = {}
    for parcel in session.execute(_PARCELS, wanted):
        traces = tuple(Trace(as_utc(datetime.fromisoformat(t["time"])), t["text"]) for t in parcel.traces)
        parcels.setdefault(parcel.order_no, []).append(Parcel(parcel.no, parcel.carrier, parcel.status, traces))
    names = {row.id: row.name for row in session.execute(_WAREHOUSES)}
    return [
        Order(
            no=row.no,
            customer_id=row.customer_id,
            channel=row.channel,
            account=row.account,
            status=row.status,
            amount_fen=row.amount_fen,
            discount_fen=row.discount_fen,
            created_at=row.created_at,
            pay_before=row.pay_before,
            paid_at=row.paid_at,
            shipped_at=row.shipped_at,
            delivered_at=row.delivered_at,
            warehouse_id=row.warehouse_id,
            warehouse_name=names[row.warehouse_id],
            address=row.address,
            lines=tuple(lines.get(row.no, ())),
            parcels=tuple(parcels.get(row.no, ())),
            city=row.city,
            shipping_fen=row.shipping_fen,
            due_fen=row.due_fen,
            pay_method=row.pay_method,
        )
        for row in rows
    ]
