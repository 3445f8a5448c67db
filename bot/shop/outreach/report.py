"""The worth of offers: per script how many were shown, taken, and what they brought and cost."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.clock import now
from bot.db import reading
from bot.settings import get_settings
from bot.shop.customer_tables import OfferRow
from bot.shop.segments.rfm import counted_orders
from bot.shop.trade_tables import OrderRow


@dataclass
class ScriptWorth:
    """One script's figures; `taken` are offers whose order stands, paid or not yet; money is of paid orders only."""

    script: str
    shown: int = 0
    clicked: int = 0
    declined: int = 0
    ignored: int = 0
    taken: int = 0
    unpaid: int = 0
    revenue_fen: int = 0
    discount_fen: int = 0

    @property
    def conversion(self) -> float:
        """Taken of shown, 0 to 1."""
        return self.taken / self.shown if self.shown else 0.0

    def to_json(self) -> dict[str, Any]:
        """All figures by name."""
        return {**asdict(self), "conversion": round(self.conversion, 4)}


def worth_of_offers(url: str, days: int = 30, scripts: Iterable[str] = ()) -> list[ScriptWorth]:
    """The figures of offers shown in the last `days`, with a row for each of `scripts` even when it was never shown.

    An order that was cancelled or wholly paid back is not taken; revenue is what the shop keeps after refunds.
    """
    found = {name: ScriptWorth(name) for name in scripts}
    since, ago = now() - timedelta(days=days), timedelta(days=get_settings().operations.customers.attribute_days)
    kept = counted_orders(OrderRow.no.in_(select(OfferRow.order_no).where(OfferRow.shown_at >= since)))
    rows = (
        select(
            OfferRow.script, OfferRow.outcome, OfferRow.shown_at, OfferRow.discount_fen, OrderRow.status,
            kept.c.left_fen,
        )
        .outerjoin(OrderRow, OrderRow.no == OfferRow.order_no)
        .outerjoin(kept, kept.c.no == OfferRow.order_no)
        .where(OfferRow.shown_at >= since)
        .order_by(OfferRow.script)
    )  # fmt: skip
    with reading(url) as session:
        for script, outcome, shown_at, discount, status, left in session.execute(rows):
            worth = found.setdefault(script, ScriptWorth(script))
            worth.shown += 1
            worth.declined += outcome == "declined"
            worth.clicked += outcome == "clicked"
            worth.ignored += outcome == "ignored" or (outcome in ("shown", "clicked") and shown_at < now() - ago)
            if outcome == "ordered" and (left is not None or status == "pending_payment"):
                worth.taken += 1
                worth.unpaid += left is None
                worth.revenue_fen += left or 0
                worth.discount_fen += discount if left is not None else 0
    return list(found.values())
