"""An order as it is offered: its terms to the fen, kept to check the yes against, and the words for them."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rasa_sdk import Tracker

from actions.phrases import phrase
from bot.settings import get_settings
from bot.shop import Coupon, Refused, ShopError, format_fen
from bot.shop.presale import Basket, price_basket

WITHHELD = "city_withheld"  # the slot that says that the customer was asked for the city and did not tell
Offer = dict[str, Any]  # sku, quantity, warehouse_id, city, payable_fen, coupon (a Coupon's fields or None), id


def bill_of(
    sku: str, quantity: int, warehouse_id: str, city: str | None, coupons: Sequence[Coupon] = ()
) -> Basket:  # fmt: skip
    """What the order costs, with the coupon that saves most.

    Raises:
        Refused: region_not_served.
    """
    url = get_settings().shop_url
    return price_basket(url, {sku: quantity}, coupons=coupons, city=city, warehouse_id=warehouse_id)


def make_offer(bill: Basket, warehouse_id: str, city: str | None, before: Offer | None) -> Offer:
    """The offer of one line; the same one asked again keeps its id, so that however often a yes arrives there is one
    order."""
    line = bill.lines[0]
    terms = {
        "sku": line.sku,
        "quantity": line.quantity,
        "payable_fen": bill.payable_fen,
        "warehouse_id": warehouse_id,
        "city": city,
        "coupon": _as_slot(bill.coupon) if bill.coupon else None,
    }
    same = {name: (before or {}).get(name) for name in terms} == terms
    return {**terms, "id": before["id"] if before and same else uuid.uuid4().hex}


def payable_now(tracker: Tracker, offer: Offer) -> int | None:
    """What the offered order costs at this moment, in fen; None when its terms no longer hold."""
    url, city = get_settings().shop_url, tracker.get_slot("city")
    coupon = _as_coupon(offer["coupon"]) if offer.get("coupon") else None
    try:
        bill = price_basket(
            url, {offer["sku"]: offer["quantity"]}, coupons=[coupon] if coupon else [],
            coupon_id=coupon.id if coupon else None, city=city, warehouse_id=offer["warehouse_id"],
        )  # fmt: skip
    except (Refused, ShopError):
        return None
    return bill.payable_fen


def included(saved_fen: int, shipping_fen: int, coupon: str = "") -> str:
    """What the amount counts: （已优惠¥40.00）（含运费¥8.00）."""
    name = "utter_part_saved_by_coupon" if coupon else "utter_part_saved"
    saved = phrase(name, amount=format_fen(saved_fen), coupon=coupon) if saved_fen else ""
    return saved + (phrase("utter_part_shipping", amount=format_fen(shipping_fen)) if shipping_fen else "")


def _as_slot(coupon: Coupon) -> dict[str, Any]:
    return {**vars(coupon), "expires_at": coupon.expires_at.isoformat()}


def _as_coupon(values: dict[str, Any]) -> Coupon:
    return Coupon(**{**values, "expires_at": datetime.fromisoformat(values["expires_at"])})
