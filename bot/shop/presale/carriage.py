"""Fee, region and weight rules of shipping."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.settings import get_settings
from bot.shop.errors import Refused
from bot.shop.offer_tables import ShippingRuleRow
from bot.shop.shipping import plain_city
from bot.shop.tables import CityRow, ProductRow, VariantRow

ELSEWHERE = "*"
_WEIGHT = re.compile(r"(\d+(?:\.\d+)?)\s*(千克|公斤|kg|克|g|斤)", re.IGNORECASE)
_GRAMS = {"千克": 1000, "公斤": 1000, "kg": 1000, "克": 1, "g": 1, "斤": 500}


def grams_of(category: str, parameters: Mapping[str, str]) -> int:
    """The shipping weight of one unit: 毛重 of the product page, else what its category weighs."""
    settings = get_settings().operations.shipping
    found = _WEIGHT.search(parameters.get("毛重", ""))
    if found:
        return max(1, round(float(found.group(1)) * _GRAMS[found.group(2).lower()]))
    return settings.default_grams.get(category, settings.other_grams)


def fee_fen(rule: Any, grams: int, goods_fen: int) -> int:
    """First weight and steps, begun steps counting whole; nothing from the threshold on, nor without a rule (None)."""
    if rule is None or (rule.free_over_fen is not None and goods_fen >= rule.free_over_fen):
        return 0
    steps = -(-max(0, grams - rule.first_grams) // rule.step_grams)
    return int(rule.first_fen + steps * rule.step_fen)


def province_of(session: Session, city: str) -> str | None:
    """The province of a city that the shop knows, or None."""
    return session.scalar(select(CityRow.province).where(CityRow.name == plain_city(city)))


def rule_for(session: Session, warehouse_id: str, province: str) -> ShippingRuleRow | None:
    """The rule from a warehouse to a province, else its rule for all others; None when it has no rules."""
    rows = select(ShippingRuleRow).where(
        ShippingRuleRow.warehouse_id == warehouse_id, ShippingRuleRow.region.in_([province, ELSEWHERE])
    )
    found = {row.region: row for row in session.scalars(rows)}
    return found.get(province) or found.get(ELSEWHERE)


def served(session: Session, warehouse_id: str, city: str, categories: Iterable[str]) -> ShippingRuleRow | None:
    """The rule by which goods of `categories` go to `city`.

    Raises:
        Refused: region_not_served.
    """
    province = province_of(session, city)
    rule = rule_for(session, warehouse_id, province) if province else None
    if province is None or (rule is not None and not rule.served):
        raise Refused("region_not_served", city=city, category="")
    for category in sorted(set(categories)):
        if rule is not None and category in rule.not_for:
            raise Refused("region_not_served", city=city, category=category)
    return rule


def goods_of(session: Session, skus: Iterable[str]) -> dict[str, ProductRow]:
    """The product of each known sku."""
    rows = select(VariantRow.sku, ProductRow).join(ProductRow, ProductRow.id == VariantRow.product_id)
    return dict(session.execute(rows.where(VariantRow.sku.in_(list(skus)))).all())


def grams_of_lines(goods: Mapping[str, ProductRow], lines: Mapping[str, int]) -> int:
    """The shipping weight of sku → quantity."""
    return sum(grams_of(goods[sku].category, goods[sku].parameters) * quantity for sku, quantity in lines.items())
