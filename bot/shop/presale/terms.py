"""Shipping in general, for those who have not said where to: and whether it matters where."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select

from bot.db import reading
from bot.shop.offer_tables import ShippingRuleRow
from bot.shop.presale.carriage import ELSEWHERE, goods_of
from bot.shop.presale.views import ShippingTerms


def shipping_terms(url: str) -> ShippingTerms | None:
    """What most of the shop's shipping rules say; None when it has none, and ships free everywhere."""
    with reading(url) as session:
        rules = list(session.scalars(select(ShippingRuleRow)))
    served = [rule for rule in rules if rule.served]
    if not served:
        return None
    usual = Counter(rule.free_over_fen for rule in served).most_common(1)[0][0]
    carriers = Counter(rule.carrier for rule in served if rule.carrier)
    refused = {rule.region for rule in rules if not rule.served} - {rule.region for rule in served}
    return ShippingTerms(
        usual, min(rule.first_fen for rule in served), max(rule.first_fen for rule in served),
        tuple(name for name, _ in carriers.most_common()), min(rule.days_min for rule in served),
        max(rule.days_max for rule in served), tuple(sorted(refused - {ELSEWHERE})),
    )  # fmt: skip


def city_matters(url: str, lines: Mapping[str, int], goods_fen: int, warehouse_id: str) -> bool:
    """Whether some place costs a fee or is refused for these goods (sku → quantity), so that it is worth asking for."""
    with reading(url) as session:
        rules = list(session.scalars(select(ShippingRuleRow).where(ShippingRuleRow.warehouse_id == warehouse_id)))
        categories = {product.category for product in goods_of(session, lines).values()}
    return any(
        (rule.first_fen and (rule.free_over_fen is None or goods_fen < rule.free_over_fen))
        or categories & set(rule.not_for)
        for rule in rules
        if rule.served
    )
