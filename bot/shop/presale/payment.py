"""Ways to pay, and instalments worked out to the fen."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import reading
from bot.settings import get_settings
from bot.shop.presale.carriage import goods_of
from bot.shop.presale.offers import in_scope, running_promotions
from bot.shop.presale.views import InstalmentPlan, PayOption
from bot.shop.service_views import PAY_METHODS

BASIS_POINTS = 10_000


def payment_options(url: str, lines: Mapping[str, int], payable_fen: int) -> list[PayOption]:
    """How a basket (sku → quantity) that costs `payable_fen` can be paid, as data/operations.yml allows."""
    with reading(url) as session:
        goods = goods_of(session, lines)
        plans = _plans(session, lines, payable_fen)
    categories = {product.category for product in goods.values()}
    found = []
    for method in get_settings().operations.payment.methods:
        most = method.max_fen if method.max_fen is not None else payable_fen
        if not method.min_fen <= payable_fen <= most or categories & set(method.not_for):
            continue
        own = tuple(plans) if method.id == "instalment" else ()
        if method.id != "instalment" or own:
            found.append(PayOption(method.id, PAY_METHODS[method.id], own))
    return found


def instalment_plans(url: str, lines: Mapping[str, int], payable_fen: int) -> list[InstalmentPlan]:
    """The instalment plans for a basket, fewest periods first; interest-free where a promotion says so."""
    with reading(url) as session:
        return _plans(session, lines, payable_fen)


def instalment_plan(principal_fen: int, periods: int, fee_bp: int) -> InstalmentPlan:
    """Split a principal; the fee of a period is `fee_bp` ten-thousandths of the principal, rounded to the fen.

    The last period takes what rounding left over, so that all of them add up to principal and fee.

    Raises:
        ValueError: no periods, or nothing to pay.
    """
    if periods < 1 or principal_fen < 1:
        raise ValueError("分期数和金额都应不小于 1")
    fee = periods * ((principal_fen * fee_bp + BASIS_POINTS // 2) // BASIS_POINTS)
    each = (principal_fen + fee) // periods
    return InstalmentPlan(periods, principal_fen, fee, each, principal_fen + fee - each * (periods - 1), fee == 0)


def _plans(session: Session, lines: Mapping[str, int], payable_fen: int) -> list[InstalmentPlan]:
    """Interest-free counts only when the offer covers every line."""
    goods = goods_of(session, lines)
    free = set()
    for row in running_promotions(session, now()):
        covers = set(in_scope(row, goods)) == set(goods) and bool(goods)
        if row.kind == "interest_free" and covers and payable_fen >= row.rule["min_fen"]:
            free.add(row.rule["periods"])
    most_free = max(free, default=0)
    plans = {periods: instalment_plan(payable_fen, periods, 0) for periods in free if payable_fen >= periods}
    for offer in get_settings().operations.payment.instalments:
        if payable_fen >= max(offer.min_fen, 1) and offer.periods not in plans:
            # Fewer periods than an interest-free offer are interest-free as well.
            rate = 0 if offer.periods <= most_free else offer.fee_bp
            plans[offer.periods] = instalment_plan(payable_fen, offer.periods, rate)
    return [plans[periods] for periods in sorted(plans)]
