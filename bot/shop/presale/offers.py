"""Which promotions apply to a set of lines, and what they take off to the fen.

They stack in this order: a percentage off single lines (the best one for each line), then reductions (满减), of which a
line counts for one only, chosen so that the customer saves most; gifts come on top; a coupon last (see `basket`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.shop.aftersale.money import spread
from bot.shop.presale.carriage import goods_of
from bot.shop.presale.views import Offer
from bot.shop.tables import ProductRow, PromotionRow

Lines = Mapping[str, tuple[int, int]]  # sku → (unit price in fen, quantity)


@dataclass(frozen=True)
class Applied:
    """What applies, and what each line costs after it."""

    offers: tuple[Offer, ...]
    net: Mapping[str, int]


def automatic_offers(session: Session, lines: Lines, moment: datetime) -> tuple[Offer, ...]:
    """The offers that apply by themselves, in the order they were taken off."""
    return apply_offers(session, lines, moment).offers


def apply_offers(session: Session, lines: Lines, moment: datetime) -> Applied:
    """Take percentages and reductions off the lines and add the gifts."""
    running = running_promotions(session, moment)
    goods = goods_of(session, lines)
    scopes = {row.id: in_scope(row, goods) for row in running}
    net = {sku: price * quantity for sku, (price, quantity) in lines.items()}
    offers: list[Offer] = []
    percentages = [(row, _percent_off(row, scopes[row.id], lines)) for row in running if row.kind == "discount"]
    taken: set[str] = set()
    for row, off in sorted(percentages, key=lambda pair: (-sum(pair[1].values()), pair[0].id)):
        free = {sku: fen for sku, fen in off.items() if fen and sku not in taken}
        if free:
            taken |= set(free)
            net = {sku: fen - free.get(sku, 0) for sku, fen in net.items()}
            offers.append(_offer(row, sum(free.values()), free))
    reductions = [row for row in running if row.kind == "reduction"]
    for row, skus in _best_reductions(reductions, scopes, net):
        part = spread({sku: net[sku] for sku in skus}, row.rule["minus_fen"])
        offers.append(_offer(row, sum(net[sku] for sku in skus) - sum(part.values()), skus))
        net |= part
    for row in running:
        skus = scopes[row.id]
        if row.kind == "gift" and skus and sum(net[sku] for sku in skus) >= row.rule["over_fen"]:
            offers.append(_offer(row, 0, skus))
    return Applied(tuple(offers), net)


def running_promotions(session: Session, moment: datetime) -> list[PromotionRow]:
    """All promotions in force at `moment`."""
    rows = select(PromotionRow).where(PromotionRow.starts_at <= moment, PromotionRow.ends_at > moment)
    return list(session.scalars(rows.order_by(PromotionRow.id)))


def in_scope(row: PromotionRow, goods: Mapping[str, ProductRow]) -> tuple[str, ...]:
    """The skus that a promotion counts: named by sku, product or category; with none named, all."""
    return tuple(
        sku
        for sku, product in sorted(goods.items())
        if not (row.skus or row.categories) or {sku, product.id} & set(row.skus) or product.category in row.categories
    )


def names_in_scope(names: Collection[str], goods: Mapping[str, ProductRow]) -> tuple[str, ...]:
    """The skus that `names` (of skus, products or categories) count; with none named, all."""
    return tuple(
        sku for sku, product in sorted(goods.items()) if not names or {sku, product.id, product.category} & set(names)
    )


def _offer(row: PromotionRow, saved_fen: int, skus: Mapping[str, int] | tuple[str, ...]) -> Offer:
    return Offer(row.id, row.kind, row.name, saved_fen, tuple(skus))


def _percent_off(row: PromotionRow, skus: tuple[str, ...], lines: Lines) -> dict[str, int]:
    """What a percentage takes off each line; with `nth` only every nth unit counts, the cheapest ones."""
    units = sorted((lines[sku][0], sku) for sku in skus for _ in range(lines[sku][1]))
    off: dict[str, int] = {}
    for price, sku in units[: len(units) // row.rule.get("nth", 1)]:
        off[sku] = off.get(sku, 0) + price * (100 - row.rule["percent"]) // 100
    return off


def _best_reductions(
    rows: list[PromotionRow], scopes: Mapping[str, tuple[str, ...]], net: Mapping[str, int]
) -> list[tuple[PromotionRow, tuple[str, ...]]]:
    """The reductions that save most together when every line counts for one, with the lines of each."""
    known: dict[frozenset[str], tuple[int, list[tuple[PromotionRow, tuple[str, ...]]]]] = {}

    def best(free: frozenset[str]) -> tuple[int, list[tuple[PromotionRow, tuple[str, ...]]]]:
        if free not in known:
            known[free] = (0, [])
            for row in rows:
                skus = tuple(sku for sku in scopes[row.id] if sku in free)
                amount = sum(net[sku] for sku in skus)
                if skus and amount >= row.rule["over_fen"]:
                    saved, rest = best(free - set(skus))
                    saved += min(amount, row.rule["minus_fen"])
                    if saved > known[free][0]:
                        known[free] = (saved, [(row, skus), *rest])
        return known[free]

    return best(frozenset(net))[1]
