"""The figures of an offer in words, as the responses utter_offer_… show them."""

from datetime import timedelta
from typing import Any

from bot.clock import local
from bot.phrases import moment, phrase
from bot.shop.money import format_fen
from bot.shop.outreach.make import Offered
from bot.shop.service_views import Coupon

OFFER_ID = "offer_id"  # the entity of a button that takes an offer up


def figures_of(made: Offered) -> dict[str, Any]:
    """The variables of offers' responses, see data/scripts.yml."""
    subject, coupon = made.subject, made.coupon
    goods = [phrase("utter_part_goods", name=n, label=label, quantity=q) for n, label, q in subject.goods]
    named = f'"sku": "{subject.sku}"' if subject.kind == "wish" else f'"product": "{subject.product_id}"'
    return {
        "segment": made.segment_title,
        "last": subject.last,
        "product": subject.name,
        "category": subject.category,
        "discount": _discount(coupon) if coupon else "",
        "cap": _cap(coupon) if coupon else "",
        "price": format_fen(made.price_fen),
        "payable": format_fen(made.payable_fen),
        "saved": format_fen(made.price_fen - made.payable_fen),
        "until": _last_day(coupon) if coupon else "",
        "order": subject.order_no or "",
        "goods": "、".join(goods),
        "amount": format_fen(subject.amount_fen),
        "time": moment(subject.pay_before) if subject.pay_before else "",
        "look": f'/ask_stock{{{named}, "{OFFER_ID}": "{made.id}"}}',
    }


def _discount(coupon: Coupon) -> str:
    if coupon.percent:
        return phrase("utter_part_discount_percent", number=f"{coupon.percent / 10:g}")
    minus = format_fen(coupon.minus_fen)
    if coupon.over_fen:
        return phrase("utter_part_discount_over", over=format_fen(coupon.over_fen), minus=minus)
    return phrase("utter_part_discount_minus", minus=minus)


def _cap(coupon: Coupon) -> str:
    limited = coupon.percent and coupon.minus_fen
    return phrase("utter_part_discount_cap", minus=format_fen(coupon.minus_fen)) if limited else ""


def _last_day(coupon: Coupon) -> str:
    day = local(coupon.expires_at - timedelta(seconds=1))
    return phrase("utter_part_end_of_day", month=day.month, day=day.day)
