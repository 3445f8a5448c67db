"""Up to three products for a need: category, budget, demands on parameters; each with its reasons."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import reading
from bot.shop.catalogue import current_catalogue
from bot.shop.presale.insight import lowest_since
from bot.shop.presale.views import Reason, Recommendation
from bot.shop.price_table import current_prices, promotions_for
from bot.shop.stock import available_units
from bot.shop.tables import VariantRow
from bot.shop.trade_tables import OrderLineRow, OrderRow
from bot.shop.views import Price, Product, Variant

SHOWN = 3
NEAR_PERCENT = 20  # how far from "about so much" a price may be, either way
SOLD_DAYS = 30
# How the products that fit are put in order: by how well they fit, by how many were sold of late, or by price.
Strategy = Literal["fitting", "best_selling", "cheapest"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Demand:
    """A demand on a parameter: `contains` a text, or a number `at_least` / `at_most` (as 电池 at_least 5000)."""

    parameter: str
    how: Literal["contains", "at_least", "at_most"]
    value: str | float


@dataclass(frozen=True)
class _Candidate:
    variant: Variant
    price: Price
    units: int
    score: int
    reasons: tuple[Reason, ...]


def recommend(
    url: str, *, category: str | None = None, budget_fen: int | None = None, near_fen: int | None = None,
    demands: Sequence[Demand] = (), words: Iterable[str] = (), without: Iterable[str] = (),
    strategy: Strategy = "fitting",
) -> list[Recommendation]:  # fmt: skip
    """The products that meet every demand, best first; `words` (老人, 降噪) count where a page says them.

    `without` are product ids that the customer has seen. Nothing over budget, nothing sold out; with `near_fen` only
    prices within NEAR_PERCENT of it. `strategy` says which of those that fit come first.
    """
    catalogue = current_catalogue(url)
    said, seen = [word.lower() for word in words if word.strip()], set(without)
    products = [p for p in catalogue.products.values() if category in (None, p.category) and p.id not in seen]
    with reading(url) as session:
        skus = [v.sku for p in products for v in catalogue.narrow(p.id)]
        units, prices = available_units(session, skus), current_prices(session, skus)
        found = []
        for product in products:
            met = [_met(product, demand) for demand in demands]
            if None in met:
                continue
            fitting = [
                v
                for v in catalogue.narrow(product.id)
                if units[v.sku] and v.sku in prices and _affordable(prices[v.sku].price_fen, budget_fen, near_fen)
            ]
            if fitting:
                # Near an amount the nearest, with a budget the best that it buys, without one the cheapest.
                variant = min(fitting, key=lambda v: (_rank(prices[v.sku].price_fen, budget_fen, near_fen), v.sku))
                heard = [Reason("word", value=word) for word in said if word in _page(product)]
                if said and not heard and not demands:
                    continue
                reasons = [reason for reason in met if reason] + heard
                free = promotions_for(session, variant.sku, "interest_free")
                candidate = _with_price(
                    variant, prices[variant.sku], units[variant.sku], reasons, budget_fen, bool(free)
                )
                found.append(candidate)
        sold = _sold(session, [c.variant.product.id for c in found]) if strategy == "best_selling" else {}
    if strategy == "best_selling":
        found = [_with_sales(candidate, sold.get(candidate.variant.product.id, 0)) for candidate in found]
        found.sort(key=lambda c: (-sold.get(c.variant.product.id, 0), -c.score, c.variant.sku))
    elif strategy == "cheapest":
        found.sort(key=lambda c: (c.price.price_fen, -c.score, c.variant.sku))
    else:
        found.sort(key=lambda c: (-c.score, c.price.price_fen, c.variant.sku))
    return [Recommendation(c.variant, c.price.price_fen, c.units, c.reasons) for c in found[:SHOWN]]


def _affordable(price_fen: int, budget_fen: int | None, near_fen: int | None) -> bool:
    if near_fen is not None and 100 * abs(price_fen - near_fen) > NEAR_PERCENT * near_fen:
        return False
    return budget_fen is None or price_fen <= budget_fen


def _rank(price_fen: int, budget_fen: int | None, near_fen: int | None) -> int:
    """The smaller, the rather a variant stands for its product."""
    if near_fen is not None:
        return abs(price_fen - near_fen)
    return price_fen if budget_fen is None else -price_fen


def _with_price(
    variant: Variant, price: Price, units: int, reasons: list[Reason], budget_fen: int | None, interest_free: bool
) -> _Candidate:
    score = 10 * len(reasons)
    if budget_fen is not None:
        reasons.append(Reason("budget", fen=budget_fen - price.price_fen))
    if price.price_fen < price.market_fen:
        reasons.append(Reason("below_market", fen=price.market_fen - price.price_fen))
        score += min(5, 100 * (price.market_fen - price.price_fen) // price.market_fen)
    if price.price_fen == lowest_since(price, now() - timedelta(days=90)) and len(price.history) > 1:
        reasons.append(Reason("lowest", value="90"))
        score += 3
    if interest_free:
        reasons.append(Reason("interest_free"))
        score += 1
    reasons.append(Reason("in_stock", value=str(units)))
    return _Candidate(variant, price, units, score, tuple(reasons))


def _sold(session: Session, products: Sequence[str]) -> dict[str, int]:
    """Product → units of paid orders in the last `SOLD_DAYS` days; those of cancelled or repaid ones do not count."""
    rows = (
        select(VariantRow.product_id, func.sum(OrderLineRow.quantity))
        .join(OrderLineRow, OrderLineRow.sku == VariantRow.sku)
        .join(OrderRow, OrderRow.no == OrderLineRow.order_no)
        .where(VariantRow.product_id.in_(products), OrderRow.paid_at >= now() - timedelta(days=SOLD_DAYS))
        .where(OrderRow.status.not_in(("cancelled", "refunded")))
        .group_by(VariantRow.product_id)
    )
    return {product: int(units) for product, units in session.execute(rows)}


def _with_sales(candidate: _Candidate, units: int) -> _Candidate:
    sold = (Reason("sold", str(SOLD_DAYS), str(units)),) if units else ()
    return replace(candidate, reasons=(*sold, *candidate.reasons))


def _met(product: Product, demand: Demand) -> Reason | None:
    """The reason that a demand is met by, or None."""
    value = product.parameters.get(demand.parameter)
    if value is None:
        return None
    if demand.how == "contains":
        met = str(demand.value).lower() in value.lower()
    else:
        number = _NUMBER.search(value)
        limit = float(demand.value)
        met = number is not None and (
            float(number.group()) >= limit if demand.how == "at_least" else float(number.group()) <= limit
        )
    return Reason("parameter", demand.parameter, value) if met else None


def _page(product: Product) -> str:
    parts = (product.name, product.brand, product.category, product.description, *product.aliases)
    return " ".join((*parts, *product.parameters.values())).lower()
