"""Refunds and their stages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import reading, repeated, writing
from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.aftersale.history import add_step, histories
from bot.shop.aftersale.numbers import new_number
from bot.shop.aftersale.order_rows import owned_order
from bot.shop.errors import NotFound
from bot.shop.segments.rfm import update_rfm_of_order
from bot.shop.service_tables import RefundRow
from bot.shop.service_views import REFUND_STAGES, Refund
from bot.shop.trade_tables import OrderRow

_NEXT = {
    "waiting_return": ("processing", "rejected", "withdrawn"),
    "reviewing": ("processing", "rejected", "withdrawn"),
    "processing": ("arrived",),
}
OPEN = tuple(_NEXT)


def expected(channel: str | None, start: datetime) -> datetime:
    """When money sent at `start` should have arrived."""
    settings = get_settings().operations.after_sale
    return start + timedelta(days=settings.refund_days.get(channel or "", settings.refund_days_other))


def draft(order: OrderRow, kind: str, amount_fen: int, stage: str) -> Refund:
    """A refund as it would be, without a number."""
    channel, moment = order.pay_method or "wechat", now()
    arrives = expected(channel, moment) if stage == "processing" else None
    return Refund("", order.no, kind, amount_fen, channel, stage, moment, arrives)


def start_refund(session: Session, planned: Refund, ticket_no: str | None = None) -> Refund:
    """Write a planned refund down."""
    no = new_number("TK")
    session.add(
        RefundRow(
            no=no, order_no=planned.order_no, ticket_no=ticket_no, kind=planned.kind, amount_fen=planned.amount_fen,
            channel=planned.channel, stage=planned.stage, created_at=planned.created_at,
            expected_at=planned.expected_at,
        )
    )  # fmt: skip
    step = add_step(session, no, planned.stage)
    update_rfm_of_order(session, planned.order_no)
    return Refund(
        no, planned.order_no, planned.kind, planned.amount_fen, planned.channel, planned.stage, planned.created_at,
        planned.expected_at, (step,),
    )  # fmt: skip


def refund_views(session: Session, rows: Sequence[RefundRow]) -> list[Refund]:
    """The rows as values, with their histories."""
    steps = histories(session, [row.no for row in rows])
    return [
        Refund(
            row.no, row.order_no, row.kind, row.amount_fen, row.channel, row.stage, row.created_at, row.expected_at,
            steps.get(row.no, ()),
        )
        for row in rows
    ]  # fmt: skip


def refunds(url: str, access: Access, order_no: str) -> list[Refund]:
    """The order's refunds, newest first.

    Raises:
        NotFound: no such order, or not this account's.
    """
    with reading(url) as session:
        order = owned_order(session, access, order_no)
        rows = select(RefundRow).where(RefundRow.order_no == order.no)
        return refund_views(session, session.scalars(rows.order_by(RefundRow.created_at.desc(), RefundRow.no)).all())


@repeated
def move_refund(url: str, refund_no: str, stage: str, note: str = "") -> bool:
    """Bring a refund to the next stage, as the shop's staff or its payment service says; False when it is past it.

    Raises:
        NotFound: no such refund.
        ValueError: no such stage.
    """
    if stage not in REFUND_STAGES:
        raise ValueError(f"退款阶段“{stage}”不对，可选：{'、'.join(REFUND_STAGES)}")
    with writing(url) as session:
        row = session.get(RefundRow, refund_no)
        if row is None:
            raise NotFound("refund", refund_no)
        session.get(OrderRow, row.order_no, with_for_update=True)  # every writer locks the order first
        return advance(session, row, stage, note)


def advance(session: Session, row: RefundRow, stage: str, note: str = "") -> bool:
    """`move_refund` inside a transaction that holds the order."""
    allowed = [before for before, after in _NEXT.items() if stage in after]
    values: dict[str, Any] = {"stage": stage}
    if stage == "processing":
        values["expected_at"] = expected(row.channel, now())
    moved: Any = session.execute(
        update(RefundRow)
        .where(RefundRow.no == row.no, RefundRow.stage.in_(allowed))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:
        return False
    session.expire(row)
    add_step(session, row.no, stage, note)
    if stage == "arrived":
        _close_order(session, row.order_no)
    update_rfm_of_order(session, row.order_no)
    return True


def _close_order(session: Session, order_no: str) -> None:
    """退款中 becomes 已退款 with the last of its refunds."""
    open_ones = select(RefundRow.no).where(RefundRow.order_no == order_no, RefundRow.stage.in_(OPEN))
    if session.scalars(open_ones.limit(1)).first() is None:
        session.execute(
            update(OrderRow)
            .where(OrderRow.no == order_no, OrderRow.status == "refunding")
            .values(status="refunded")
            .execution_options(synchronize_session=False)
        )
