"""The stock flow's end: the offer of an order and, on a yes, the order itself."""

import uuid
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.cards import SHOWN, inform
from actions.flow import Events, FlowResolution, forget
from actions.phrases import moment, phrase
from actions.stock import say_notice, sold_out_meanwhile
from actions.wish import COLOUR, Wish, source
from bot.clock import local
from bot.settings import get_settings
from bot.shop import (
    Catalogue,
    OutOfStock,
    ShopError,
    Variant,
    availability,
    current_catalogue,
    format_fen,
    interest_free_periods,
    place_order,
)
from bot.shop.errors import Refused
from bot.shop.presale import Basket, price_basket


class AskOrder(Action):
    """需要我为您生成订单吗？ with the complete variant and its price; the offer is kept to check the yes against."""

    def name(self) -> str:
        return "action_ask_stock_form_confirmed"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        url = get_settings().shop_url
        wish = Wish.of(tracker)
        found = source(wish, url)
        if found is None:
            return sold_out_meanwhile(dispatcher, tracker, wish)
        catalogue = current_catalogue(url)
        variant = catalogue.variants[str(wish.sku)]
        say_notice(dispatcher, tracker, variant.unit)
        quantity = min(wish.quantity, found.available)
        if quantity < wish.quantity:
            dispatcher.utter_message(response="utter_quantity_short", number=quantity, unit=variant.unit)
        bill = _bill(wish.sku, quantity, found.warehouse_id, tracker)
        if bill is None:
            dispatcher.utter_message(response="utter_refused_region_not_served", city=tracker.get_slot("city"))
            emptied = ("sku", "stock_confirmed", "confirmed", "offer", "notice", "city")
            return [*(SlotSet(name, None) for name in emptied), SlotSet("requested_slot", "sku")]
        periods = interest_free_periods(url, variant.sku, quantity)
        dispatcher.utter_message(
            response="utter_ask_order_instalments" if periods else "utter_ask_order",
            title=variant.title,
            quantity=quantity,
            unit=variant.unit,
            amount=format_fen(bill.payable_fen),
            included=_included(bill.saved_fen, bill.shipping_fen),
            warehouse=found.warehouse_name,
            periods=periods,
            buttons=_other_colours(variant, wish, catalogue, url),
        )
        terms = {
            "sku": wish.sku,
            "quantity": quantity,
            "payable_fen": bill.payable_fen,
            "warehouse_id": found.warehouse_id,
        }
        before = tracker.get_slot("offer") or {}
        same = {name: before.get(name) for name in terms} == terms
        # The same offer asked again keeps its id, so that however often a yes arrives there is one order.
        offer = {**terms, "id": before["id"] if same else uuid.uuid4().hex}
        return [SlotSet("offer", offer), SlotSet("quantity", quantity), SlotSet("notice", None)]


class PlaceOrder(FlowResolution):
    """Places the order that was offered and accepted."""

    left_response = "utter_order_left"

    def name(self) -> str:
        return "action_place_order"

    def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        offer = tracker.get_slot("offer")
        if not offer:
            dispatcher.utter_message(response="utter_order_left")
            return forget(tracker)
        url = get_settings().shop_url
        variant = current_catalogue(url).variants.get(offer["sku"])
        try:
            placed = place_order(
                url,
                channel=tracker.get_latest_input_channel() or "unknown",
                account=tracker.sender_id,
                sku=offer["sku"],
                quantity=offer["quantity"],
                warehouse_id=offer["warehouse_id"],
                city=tracker.get_slot("city"),
                idempotency_key=f"{tracker.sender_id}:{offer['id']}",
            )
        except OutOfStock as error:
            return _too_late(tracker, offer["sku"], error.available)
        except ShopError:
            dispatcher.utter_message(response="utter_order_failed")
            return forget(tracker)
        assert variant is not None  # place_order knows the sku, so the catalogue does
        dispatcher.utter_message(
            response="utter_order_placed",
            order_number=placed.no,
            title=variant.title,
            quantity=placed.quantity,
            unit=variant.unit,
            amount=format_fen(placed.amount_fen),
            included=_included(placed.discount_fen, placed.shipping_fen),
            warehouse=placed.warehouse.name,
            ship_by=moment(placed.ship_by),
            pay_before=f"{local(placed.pay_before):%m-%d %H:%M}",
        )
        return forget(tracker)


def payable_now(tracker: Tracker, offer: dict[str, Any]) -> int | None:
    """What the offered order costs at this moment, in fen; None when it can no longer be delivered."""
    bill = _bill(offer["sku"], offer["quantity"], offer["warehouse_id"], tracker)
    return bill.payable_fen if bill else None


def _bill(sku: str | None, quantity: int, warehouse_id: str, tracker: Tracker) -> Basket | None:
    url, city = get_settings().shop_url, tracker.get_slot("city")
    try:
        return price_basket(url, {str(sku): quantity}, city=city, warehouse_id=warehouse_id)
    except Refused:
        return None


def _included(saved_fen: int, shipping_fen: int) -> str:
    saved = phrase("utter_part_saved", amount=format_fen(saved_fen)) if saved_fen else ""
    return saved + (phrase("utter_part_shipping", amount=format_fen(shipping_fen)) if shipping_fen else "")


def _too_late(tracker: Tracker, sku: str, available: int) -> Events:
    """Others were quicker: back into the form, with what is left of the goods or with other goods."""
    left = [SlotSet("confirmed", None), SlotSet("offer", None)]
    if available:
        notice = {"kind": "short", "number": available}
        return [*left, SlotSet("quantity", available), SlotSet("notice", notice), FollowupAction("stock_form")]
    notice = {"kind": "taken", "sku": sku}
    gone = [SlotSet("sku", None), SlotSet("attributes", None), SlotSet("stock_confirmed", None)]
    return [*left, *gone, SlotSet("notice", notice), FollowupAction("stock_form")]


def _other_colours(variant: Variant, wish: Wish, catalogue: Catalogue, url: str) -> list[dict[str, str]]:
    """Buttons for the colours that the customer has not been asked about."""
    if COLOUR in wish.attributes or COLOUR not in variant.attributes:
        return []
    same = {name: value for name, value in variant.attributes.items() if name != COLOUR}
    others = [v for v in catalogue.narrow(variant.product.id, **same) if v.sku != variant.sku]
    in_stock = [v for v in others if availability(url, v.sku).total][: SHOWN - 1]
    return [inform(phrase("utter_part_switch", value=v.attributes[COLOUR]), sku=v.sku) for v in in_stock]
