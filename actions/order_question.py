"""需要我为您生成订单吗？ The offer of an order with its price to the fen."""

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.access import access_of
from actions.answering import FormQuestion, ask_shop, refuse
from actions.cards import SHOWN, inform
from actions.memory import Events
from actions.offer import WITHHELD, bill_of, included, make_offer
from actions.phrases import phrase
from actions.stock import say_notice, sold_out_meanwhile
from actions.wish import COLOUR, Wish, source_of
from bot.settings import get_settings
from bot.shop import (
    Catalogue,
    Coupon,
    Refused,
    SystemDown,
    Variant,
    availability,
    current_catalogue,
    format_fen,
    interest_free_periods,
)
from bot.shop.adapters import systems
from bot.shop.presale import city_matters


class AskOrder(FormQuestion):
    """需要我为您生成订单吗？ with the complete variant and its price; the offer is kept to check the yes against."""

    def name(self) -> str:
        return "action_ask_stock_form_confirmed"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        url, city = get_settings().shop_url, tracker.get_slot("city")
        wish = Wish.of(tracker)
        found = await source_of(wish)
        if found is None:
            return sold_out_meanwhile(dispatcher, tracker, wish)
        catalogue = current_catalogue(url)
        variant = catalogue.variants[str(wish.sku)]
        say_notice(dispatcher, tracker, variant.unit)
        quantity = min(wish.quantity, found.available)
        if quantity < wish.quantity:
            dispatcher.utter_message(response="utter_quantity_short", number=quantity, unit=variant.unit)
        fitted = [SlotSet("quantity", quantity), SlotSet("notice", None)]
        coupons = await _coupons(dispatcher, tracker)
        try:
            bill = await ask_shop(bill_of, variant.sku, quantity, found.warehouse_id, city, coupons)
        except Refused as refused:
            return not_served(dispatcher, refused)
        lines = {variant.sku: quantity}
        ask_city = city is None and not tracker.get_slot(WITHHELD)
        if ask_city and await ask_shop(city_matters, url, lines, bill.payable_fen, found.warehouse_id):
            dispatcher.utter_message(response="utter_ask_order_city")
            return [*fitted, SlotSet("requested_slot", "city")]
        periods = await ask_shop(interest_free_periods, url, variant.sku, quantity)
        dispatcher.utter_message(
            response="utter_ask_order_instalments" if periods else "utter_ask_order",
            title=variant.title,
            quantity=quantity,
            unit=variant.unit,
            amount=format_fen(bill.payable_fen),
            included=included(bill.saved_fen, bill.shipping_fen, bill.coupon.name if bill.coupon else ""),
            warehouse=found.warehouse_name,
            periods=periods,
            buttons=await ask_shop(_other_colours, variant, wish, catalogue, url),
        )
        return [SlotSet("offer", make_offer(bill, found.warehouse_id, city, tracker.get_slot("offer"))), *fitted]


async def _coupons(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Coupon]:
    """The customer's coupons; without the CRM the order goes on without them, and that is said."""
    try:
        return await systems().crm.coupons(await access_of(tracker))
    except SystemDown:
        dispatcher.utter_message(response="utter_coupons_down")
        return []


def _other_colours(variant: Variant, wish: Wish, catalogue: Catalogue, url: str) -> list[dict[str, str]]:
    """Buttons for the colours that the customer has not been asked about."""
    if COLOUR in wish.attributes or COLOUR not in variant.attributes:
        return []
    same = {name: value for name, value in variant.attributes.items() if name != COLOUR}
    others = [v for v in catalogue.narrow(variant.product.id, **same) if v.sku != variant.sku]
    in_stock = [v for v in others if availability(url, v.sku).total][: SHOWN - 1]
    return [inform(phrase("utter_part_switch", value=v.attributes[COLOUR]), sku=v.sku) for v in in_stock]


def not_served(dispatcher: CollectingDispatcher, refused: Refused) -> Events:
    """Tell that the goods do not go there, and ask for other goods or another place."""
    refuse(dispatcher, refused)
    emptied = ("sku", "stock_confirmed", "confirmed", "offer", "notice", "city")
    return [*(SlotSet(name, None) for name in emptied), SlotSet("requested_slot", "sku")]
