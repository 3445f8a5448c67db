"""The customer's own orders, as known from the channel account that writes."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.flow import Events
from actions.phrases import phrase
from actions.turn import Turn
from bot.settings import get_settings
from bot.shop import Order, format_fen, orders_of

SHOWN = 3
RESPONSES = {"track_logistics": "utter_track_logistics", "urge_delivery": "utter_urge_delivery"}


class ShowOrders(Action):
    """Lists the latest orders of the account; never an order by its number alone, which anybody could type."""

    def name(self) -> str:
        return "action_show_orders"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        channel = tracker.get_latest_input_channel() or "unknown"
        orders = orders_of(get_settings().shop_url, channel, tracker.sender_id, limit=SHOWN)
        if not orders:
            dispatcher.utter_message(response="utter_no_orders")
            return []
        response = RESPONSES.get(Turn(tracker).intent, "utter_check_order")
        dispatcher.utter_message(response=response, orders="\n".join(map(_line, orders)))
        return []


def _line(order: Order) -> str:
    goods = [phrase("utter_part_goods", name=x.name, label=x.label, quantity=x.quantity) for x in order.lines]
    last = next((parcel.traces[-1] for parcel in order.parcels if parcel.traces), None)
    return phrase(
        "utter_part_order",
        number=order.no,
        goods="、".join(goods),
        amount=format_fen(order.amount_fen),
        status=order.status_text,
        trace=phrase("utter_part_trace", text=last.text) if last else "",
    )
