"""What an order's lines really cost, and what of it can come back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.shop.service_tables import ProtectionRow, RefundRow
from bot.shop.trade_tables import OrderLineRow, OrderRow

_GONE = ("rejected", "withdrawn")
_OF_THE_GOODS = ("cancel", "return", "protection", "goods")  # items and shipping lower the order's amount instead


def net_of_lines(lines: Sequence[OrderLineRow], discount_fen: int) -> dict[str, int]:
    """What the customer pays for each line: the discount spread by value, to the fen, the sum exact."""
    gross = {line.sku: line.price_fen * line.quantity for line in lines}
    return spread(gross, discount_fen)


def spread(gross: Mapping[str, int], discount_fen: int) -> dict[str, int]:
    """`gross` less its share of the discount (largest remainder), never below zero."""
    total = sum(gross.values())
    if total <= 0:
        return dict(gross)
    discount = min(discount_fen, total)
    shares = {sku: amount * discount // total for sku, amount in gross.items()}
    left = discount - sum(shares.values())
    for sku in sorted(gross, key=lambda s: (-(gross[s] * discount % total), s))[:left]:
        shares[sku] += 1
    return {sku: amount - shares[sku] for sku, amount in gross.items()}


def part(net_fen: int, quantity: int, before: int, units: int) -> int:
    """What `units` of a line of `quantity` cost when `before` units have come back: all parts make up `net_fen`."""
    return net_fen * (before + units) // quantity - net_fen * before // quantity


def line_refund(session: Session, order: OrderRow, line: OrderLineRow, net_fen: int, before: int, units: int) -> int:
    """What comes back for `units` of a line, price protection taken off."""
    protected = session.get(ProtectionRow, (order.no, line.sku))
    return part(net_fen - (protected.difference_fen if protected else 0), line.quantity, before, units)


def refunded_fen(session: Session, order_no: str) -> int:
    """What of the order's amount has come back or is on its way."""
    rows = select(func.sum(RefundRow.amount_fen)).where(RefundRow.order_no == order_no, *not_gone())
    return int(session.scalar(rows) or 0)


def not_gone() -> tuple[Any, Any]:
    """Conditions on refunds: neither rejected nor withdrawn, and taken from the order's amount."""
    return RefundRow.stage.notin_(_GONE), RefundRow.kind.in_(_OF_THE_GOODS)


def still_paid_fen(session: Session, order: OrderRow) -> int:
    """What the shop holds of the customer's money for this order."""
    return max(0, order.amount_fen - order.due_fen - refunded_fen(session, order.no))
