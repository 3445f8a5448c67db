"""The feed's files around a purchase: sizes, shipping, origin, coupons, tickets, refunds; all files in import order."""

from typing import Any

from sqlalchemy.orm import Session

from bot.shop import feed_cells as cell
from bot.shop.feed_files import TRADE_FILES, FeedFile, Values, same
from bot.shop.offer_tables import CouponRow, OriginRow, ShippingRuleRow, SizeRow
from bot.shop.service_tables import RefundRow, StepRow, TicketRow
from bot.shop.service_views import PAY_METHODS, REASONS, REFUND_KINDS, REFUND_STAGES, TICKET_KINDS, TICKET_STATUSES
from bot.shop.tables import ProductRow, PromotionRow, VariantRow, WarehouseRow
from bot.shop.trade_tables import CustomerRow, OrderRow

MEASURES = ("height", "weight", "foot")


def _size(values: Values) -> None:
    if values["high"] <= values["low"]:
        raise ValueError("high 应大于 low")


def _shipping(values: Values) -> None:
    if values["days_max"] < values["days_min"]:
        raise ValueError("days_max 不应小于 days_min")


def _ticket(values: Values) -> None:
    values |= {"details": {}, "promised_at": values.get("promised_at")}


SERVICE_FILES = (
    FeedFile(
        "size_charts.csv",
        SizeRow,
        ("product_id", "size", "measure"),
        same(
            product_id=cell.text, size=cell.text, measure=cell.one_of(*MEASURES), low=cell.number, high=cell.number
        ),
        {"product_id": (ProductRow,)},
        _size,
    ),
    FeedFile(
        "shipping_rules.csv",
        ShippingRuleRow,
        ("warehouse_id", "region"),
        {
            **same(
                warehouse_id=cell.text, region=cell.text, carrier=cell.text, served=cell.yes_or_no,
                not_for=cell.listed, days_min=cell.whole, days_max=cell.whole, first_grams=cell.positive,
                step_grams=cell.positive,
            ),
            "first_fee": ("first_fen", cell.fen),
            "step_fee": ("step_fen", cell.fen),
            "free_over": ("free_over_fen", cell.optional(cell.fen)),
        },
        {"warehouse_id": (WarehouseRow,)},
        _shipping,
    ),
    FeedFile(
        "product_origins.csv",
        OriginRow,
        ("product_id",),
        same(
            product_id=cell.text, source=cell.text, licence=cell.text, licence_until=cell.optional(cell.day),
            batch=cell.text, inspection=cell.text,
        ),
        {"product_id": (ProductRow,)},
    ),
    FeedFile(
        "coupons.csv",
        CouponRow,
        ("id",),
        same(
            id=cell.text, promotion_id=cell.text, customer_id=cell.text, claimed_at=cell.moment,
            used_at=cell.optional(cell.moment), order_no=cell.optional(cell.text),
        ),
        {"promotion_id": (PromotionRow,), "customer_id": (CustomerRow,), "order_no": (OrderRow,)},
    ),
    FeedFile(
        "service_tickets.csv",
        TicketRow,
        ("no",),
        same(
            no=cell.text, kind=cell.one_of(*TICKET_KINDS), order_no=cell.optional(cell.text),
            sku=cell.optional(cell.text), quantity=cell.positive, customer_id=cell.optional(cell.text),
            channel=cell.text, account=cell.text, status=cell.one_of(*TICKET_STATUSES),
            reason=cell.one_of(*REASONS), note=cell.anything, created_at=cell.moment,
            promised_at=cell.optional(cell.moment),
        ),
        {"order_no": (OrderRow,), "sku": (VariantRow,), "customer_id": (CustomerRow,)},
        _ticket,
    ),
    FeedFile(
        "refunds.csv",
        RefundRow,
        ("no",),
        {
            **same(
                no=cell.text, order_no=cell.text, ticket_no=cell.optional(cell.text),
                kind=cell.one_of(*REFUND_KINDS), channel=cell.one_of(*PAY_METHODS),
                stage=cell.one_of(*REFUND_STAGES), created_at=cell.moment, expected_at=cell.optional(cell.moment),
            ),
            "amount": ("amount_fen", cell.fen),
        },
        {"order_no": (OrderRow,), "ticket_no": (TicketRow,)},
    ),
)  # fmt: skip
FEED_FILES = (*TRADE_FILES, *SERVICE_FILES)


def first_steps(session: Session, table: Any, rows: list[Values]) -> None:
    """Tickets and refunds that come by feed begin their history with the status they came with."""
    if table not in (TicketRow, RefundRow):
        return
    for row in rows:
        status = row["status"] if table is TicketRow else row["stage"]
        session.add(StepRow(of_no=row["no"], position=1, at=row["created_at"], status=status, note=""))
