"""The stock flow's end: the offer of an order and, on a yes, the order itself."""

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.access import access_of
from actions.flow import FlowResolution
from actions.memory import Events, forget
from actions.offer import included
from actions.order_question import not_served
from actions.phrases import moment
from bot.clock import local
from bot.settings import get_settings
from bot.shop import (
    OutOfStock,
    PlacedOrder,
    Refused,
    ShopError,
    SystemDown,
    current_catalogue,
    format_fen,
)
from bot.shop.adapters import systems


class PlaceOrder(FlowResolution):
    """Places the order that was offered and accepted."""

    form, entries = "stock_form", frozenset({"ask_stock", "place_order"})
    left_response = "utter_order_left"
    done_by = frozenset({"utter_order_placed"})

    def name(self) -> str:
        return "action_place_order"

    async def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        offer = tracker.get_slot("offer")
        if not offer:
            dispatcher.utter_message(response="utter_order_left")
            return forget(tracker)
        coupon = offer.get("coupon")
        try:
            placed = await systems().orders.place(
                await access_of(tracker),
                sku=offer["sku"],
                quantity=offer["quantity"],
                warehouse_id=offer["warehouse_id"],
                city=offer.get("city"),
                coupon_id=coupon["id"] if coupon else None,
                key=f"{tracker.sender_id}:{offer['id']}",
            )
        except OutOfStock as error:
            return _too_late(tracker, offer["sku"], error.available)
        except Refused as refused:
            return _refused(dispatcher, refused)
        except SystemDown:
            raise  # the offer is kept: asked again with the same key there is one order, whether or not it went through
        except ShopError:
            dispatcher.utter_message(response="utter_order_failed")
            return forget(tracker)
        _tell_placed(dispatcher, placed, coupon["name"] if coupon else "")
        return forget(tracker)


def _refused(dispatcher: CollectingDispatcher, refused: Refused) -> Events:
    """A coupon went meanwhile: the offer is made anew without it."""
    if refused.rule.startswith("coupon_"):
        dispatcher.utter_message(response="utter_coupon_gone")
        return [SlotSet("confirmed", None), SlotSet("offer", None), FollowupAction("stock_form")]
    return not_served(dispatcher, refused)


def _tell_placed(dispatcher: CollectingDispatcher, placed: PlacedOrder, coupon: str) -> None:
    variant = current_catalogue(get_settings().shop_url).variants[placed.sku]
    dispatcher.utter_message(
        response="utter_order_placed",
        order_number=placed.no,
        title=variant.title,
        quantity=placed.quantity,
        unit=variant.unit,
        amount=format_fen(placed.amount_fen),
        included=included(placed.discount_fen, placed.shipping_fen, coupon),
        warehouse=placed.warehouse.name,
        ship_by=moment(placed.ship_by),
        pay_before=f"{local(placed.pay_before):%m-%d %H:%M}",
    )


def _too_late(tracker: Tracker, sku: str, available: int) -> Events:
    """Others were quicker: back into the form, with what is left of the goods or with other goods."""
    left = [SlotSet("confirmed", None), SlotSet("offer", None)]
    if available:
        notice = {"kind": "short", "number": available}
        return [*left, SlotSet("quantity", available), SlotSet("notice", notice), FollowupAction("stock_form")]
    notice = {"kind": "taken", "sku": sku}
    gone = [SlotSet("sku", None), SlotSet("attributes", None), SlotSet("stock_confirmed", None)]
    return [*left, *gone, SlotSet("notice", notice), FollowupAction("stock_form")]
