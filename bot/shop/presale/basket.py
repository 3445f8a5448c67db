"""The price of a basket to the fen: offers, the customer's coupon, shipping."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import reading
from bot.settings import get_settings
from bot.shop.aftersale.money import spread
from bot.shop.errors import BadQuantity, Refused, UnknownSku
from bot.shop.presale.carriage import fee_fen, goods_of, grams_of_lines, served
from bot.shop.presale.offers import Applied, Lines, apply_offers, in_scope, names_in_scope, running_promotions
from bot.shop.presale.views import Basket, Missed, PricedLine
from bot.shop.price_table import current_prices
from bot.shop.service_views import Coupon
from bot.shop.stock import availability_in
from bot.shop.tables import PromotionRow

NEARLY = 2  # at most so many missed offers are told


def price_basket(
    url: str, lines: Mapping[str, int], *, coupons: Sequence[Coupon] = (), coupon_id: str | None = None,
    city: str | None = None, warehouse_id: str | None = None,
) -> Basket:  # fmt: skip
    """What `lines` (sku → quantity) cost this customer now.

    Of the customer's `coupons` (from `Crm.coupons`) the one that saves most is used, or `coupon_id` if it is given.
    With `city` the shipping fee is added, from `warehouse_id` or the warehouse that serves the city best.

    Raises:
        UnknownSku, BadQuantity: the basket is wrong.
        Refused: coupon_… for `coupon_id`; region_not_served.
    """
    limit = get_settings().operations.orders.max_quantity
    for quantity in lines.values():
        if not 1 <= quantity <= limit:
            raise BadQuantity(quantity, limit)
    moment = now()
    with reading(url) as session:
        priced = _priced(session, lines, moment)
        applied = apply_offers(session, priced, moment)
        usable = [coupon for coupon in coupons if coupon.claimed]
        coupon, net = choose_coupon(session, applied, usable, coupon_id, moment)
        paid = sum(net.values())
        shipping = _shipping(session, lines, city, warehouse_id, paid) if city else 0
        saved = sum(applied.net.values()) - paid
        missed = _missed(session, applied, coupons, saved, moment)
    goods = sum(price * quantity for price, quantity in priced.values())
    return Basket(
        tuple(PricedLine(sku, n, price, price * n, net[sku]) for sku, (price, n) in priced.items()),
        goods, applied.offers, coupon, goods - paid, shipping, paid + shipping, missed,
    )  # fmt: skip


def choose_coupon(
    session: Session, applied: Applied, coupons: Sequence[Coupon], coupon_id: str | None, moment: datetime
) -> tuple[Coupon | None, Mapping[str, int]]:
    """The coupon to use and what the lines cost with it.

    Raises:
        Refused: coupon_unknown, coupon_expired, coupon_scope, coupon_minimum: `coupon_id` cannot be used.
    """
    if coupon_id is not None:
        wanted = next((coupon for coupon in coupons if coupon.id == coupon_id), None)
        if wanted is None:
            raise Refused("coupon_unknown")
        return wanted, with_coupon(session, applied, wanted, moment)
    best: tuple[Coupon | None, Mapping[str, int]] = (None, applied.net)
    for coupon in sorted(coupons, key=lambda c: (c.expires_at, c.id)):  # of two alike the one that ends first
        try:
            net = with_coupon(session, applied, coupon, moment)
        except Refused:
            continue
        if sum(net.values()) < sum(best[1].values()):
            best = (coupon, net)
    return best


def with_coupon(session: Session, applied: Applied, coupon: Coupon, moment: datetime) -> Mapping[str, int]:
    """What the lines cost with the coupon; its minimum counts what is left after the offers.

    Raises:
        Refused: coupon_unknown, coupon_expired, coupon_scope, coupon_minimum.
    """
    skus = _counted(session, applied, coupon, moment)
    if not skus:
        raise Refused("coupon_scope")
    part = {sku: applied.net[sku] for sku in skus}
    short = coupon.over_fen - sum(part.values())
    if short > 0:
        raise Refused("coupon_minimum", over_fen=coupon.over_fen, short_fen=short)
    return {**applied.net, **spread(part, coupon.off_fen(sum(part.values())))}


def _counted(session: Session, applied: Applied, coupon: Coupon, moment: datetime) -> tuple[str, ...]:
    """The lines that the coupon counts, if it is in force."""
    goods = goods_of(session, applied.net)
    if coupon.personal:
        if moment >= coupon.expires_at:
            raise Refused("coupon_expired", expires_at=coupon.expires_at)
        return names_in_scope([name for name in coupon.scope.split("|") if name], goods)
    promotion = session.get(PromotionRow, coupon.promotion_id)
    if promotion is None or promotion.kind != "coupon":
        raise Refused("coupon_unknown")
    if not promotion.starts_at <= moment < min(promotion.ends_at, coupon.expires_at):
        raise Refused("coupon_expired", expires_at=min(promotion.ends_at, coupon.expires_at))
    return in_scope(promotion, goods)


def _priced(session: Session, lines: Mapping[str, int], moment: datetime) -> Lines:
    prices = current_prices(session, lines, moment)
    for sku in lines:
        if sku not in prices:
            raise UnknownSku(sku)
    return {sku: (prices[sku].price_fen, quantity) for sku, quantity in lines.items()}


def _shipping(session: Session, lines: Mapping[str, int], city: str, warehouse_id: str | None, goods_fen: int) -> int:
    goods = goods_of(session, lines)
    source = warehouse_id or source_of(session, next(iter(lines)), city)
    if source is None:
        return 0
    rule = served(session, source, city, [product.category for product in goods.values()])
    return fee_fen(rule, grams_of_lines(goods, lines), goods_fen)


def source_of(session: Session, sku: str, city: str) -> str | None:
    """The warehouse that would send `sku` to the city, or None when it is sold out."""
    best = availability_in(session, sku, city).best
    return best.warehouse_id if best else None


def _missed(
    session: Session, applied: Applied, coupons: Sequence[Coupon], coupon_saved_fen: int, moment: datetime
) -> tuple[Missed, ...]:
    """Reductions and coupons that a little more would earn."""
    goods = goods_of(session, applied.net)
    mine = {coupon.promotion_id for coupon in coupons}
    saved = dict.fromkeys(goods, 0)
    for offer in applied.offers:
        if offer.kind == "reduction":
            saved |= dict.fromkeys(offer.skus, offer.saved_fen)
    found = []
    for row in running_promotions(session, moment):
        skus = in_scope(row, goods)
        if row.kind not in ("reduction", "coupon") or not skus or (row.kind == "coupon" and row.id not in mine):
            continue
        already = max(saved[sku] for sku in skus) if row.kind == "reduction" else coupon_saved_fen
        short = row.rule["over_fen"] - sum(applied.net[sku] for sku in skus)
        more = row.rule["minus_fen"] - already
        if short > 0 and more > 0:
            found.append(Missed(row.id, row.name, short, more))
    return tuple(sorted(found, key=lambda m: (m.short_fen, m.promotion_id))[:NEARLY])
