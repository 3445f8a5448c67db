"""Sold-out goods that customers asked for, remembered until they are back."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import reading, repeated, writing
from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.customer_tables import ChoiceRow, WishRow
from bot.shop.tables import StockRow, VariantRow
from bot.shop.trade_tables import CustomerRow

_TRIES = 3


@dataclass(frozen=True)
class WishBack:
    """A wish whose goods can be had again: whom to tell, in which channel, how many `units` there are."""

    customer_id: str
    channel: str
    account: str
    sku: str
    units: int
    asked_at: datetime


@repeated
def remember_wish(url: str, access: Access, sku: str) -> bool:
    """Remember that the customer asked for the sold-out `sku`; asked again, it counts anew. False for guests."""
    for _ in range(_TRIES):
        with suppress(IntegrityError), writing(url) as session:  # refused: the same wish at the same moment
            known = session.get(CustomerRow, access.customer_id) if access.customer_id else None
            if known is None or known.erased_at is not None or session.get(VariantRow, sku) is None:
                return False
            found = session.scalars(select(WishRow).filter_by(customer_id=known.id, sku=sku)).first()
            if found is None:
                found = WishRow(customer_id=known.id, sku=sku)
                session.add(found)
            found.channel, found.account, found.asked_at, found.told_at = access.channel, access.account, now(), None
            return True
    return False


def wishes_back(url: str, limit: int = 1000) -> list[WishBack]:
    """Wishes not told of yet whose goods are back, oldest first: for channels that can write first.

    Those who want no offers are left out. Whoever tells a customer calls `tell_wish` first and writes only if
    that is True.
    """
    with reading(url) as session:
        return _back(session, None, limit)


@repeated
def tell_wish(url: str, customer_id: str, sku: str) -> bool:
    """Claim a wish for telling; True for the one who may tell it."""
    with writing(url) as session:
        return told(session, customer_id, sku)


def wishes_back_in(session: Session, customer_id: str) -> list[WishBack]:
    """`wishes_back` of one customer, inside a transaction."""
    return _back(session, customer_id, 10)


def told(session: Session, customer_id: str, sku: str) -> bool:
    """`tell_wish` inside a transaction."""
    marked: Any = session.execute(
        update(WishRow)
        .where(WishRow.customer_id == customer_id, WishRow.sku == sku, WishRow.told_at.is_(None))
        .values(told_at=now())
        .execution_options(synchronize_session=False)
    )
    return bool(marked.rowcount == 1)


def _back(session: Session, customer_id: str | None, limit: int) -> list[WishBack]:
    since = now() - timedelta(days=get_settings().operations.customers.wish_days)
    units = (
        select(StockRow.sku, func.sum(StockRow.on_hand - StockRow.reserved).label("units"))
        .group_by(StockRow.sku)
        .subquery()
    )
    off = select(ChoiceRow.customer_id).where(ChoiceRow.offers_off_at.is_not(None))
    rows = (
        select(WishRow.customer_id, WishRow.channel, WishRow.account, WishRow.sku, units.c.units, WishRow.asked_at)
        .join(units, units.c.sku == WishRow.sku)
        .where(WishRow.told_at.is_(None), WishRow.asked_at >= since, units.c.units > 0)
        .where(WishRow.customer_id.notin_(off))
        .order_by(WishRow.asked_at, WishRow.id)
        .limit(limit)
    )
    found = rows.where(WishRow.customer_id == customer_id) if customer_id else rows
    return [WishBack(row[0], row[1], row[2], row[3], int(row[4]), row[5]) for row in session.execute(found)]
