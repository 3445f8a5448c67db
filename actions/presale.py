"""Questions about goods that need no flow: price, facts, time of shipping, and cards to look at."""

from collections.abc import Callable
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.cards import SHOWN, cards, product_buttons, suggestions
from actions.flow import Events
from actions.heard import listen
from actions.phrases import moment, phrase
from actions.turn import Turn
from actions.wish import Wish, merge, pick, source
from bot.settings import get_settings
from bot.shop import UnknownSku, current_catalogue, product_card


def wish_of(tracker: Tracker) -> Wish:
    """The goods a question is about: named in it, else those of the flow, else those of the customer's page."""
    url = get_settings().shop_url
    catalogue = current_catalogue(url)
    heard = listen(Turn(tracker), catalogue)
    before = Wish.of(tracker)
    wish, _ = merge(before, heard, catalogue)
    if wish.sku is None:
        variant = pick(wish, catalogue, url, like=before.sku or heard.page_sku)
        wish = Wish(wish.product, wish.attributes, variant.sku if variant else None, wish.quantity, wish.city)
    return wish


def tell_price(dispatcher: CollectingDispatcher, wish: Wish) -> bool:
    """Say the price; whether it could be said."""
    url = get_settings().shop_url
    try:
        card = product_card(url, str(wish.sku or wish.product))
    except UnknownSku:
        return False
    shown = cards(url, [str(wish.sku or wish.product)])
    variables = {"title": card["title"], "price": card["price"], "stock": card["stock_text"]}
    dispatcher.utter_message(response="utter_price", json_message=shown, **variables)
    return True


def tell_facts(dispatcher: CollectingDispatcher, wish: Wish) -> bool:
    """Say what the product page knows."""
    product = current_catalogue(get_settings().shop_url).products.get(str(wish.product))
    if product is None:
        return False
    facts = "\n".join(phrase("utter_part_fact", name=n, value=v) for n, v in product.parameters.items())
    dispatcher.utter_message(
        response="utter_product_info", product=product.name, description=product.description, facts=facts
    )
    return True


def tell_shipping(dispatcher: CollectingDispatcher, wish: Wish) -> bool:
    """Say when the goods would leave the warehouse."""
    url = get_settings().shop_url
    found = source(wish, url) if wish.sku else None
    if found is None:
        return False
    title = current_catalogue(url).variants[str(wish.sku)].title
    dispatcher.utter_message(
        response="utter_delivery_time", title=title, warehouse=found.warehouse_name, ship_by=moment(found.ship_by)
    )
    return True


TOPICS: dict[str, Callable[[CollectingDispatcher, Wish], bool]] = {
    "price": tell_price,
    "product_info": tell_facts,
    "delivery_time": tell_shipping,
}


class AnswerPrice(Action):
    """多少钱."""

    def name(self) -> str:
        return "action_answer_price"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return _answer("price", "utter_which_product", dispatcher, tracker)


class AnswerProductInfo(Action):
    """是什么材质."""

    def name(self) -> str:
        return "action_answer_product_info"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return _answer("product_info", "utter_which_product", dispatcher, tracker)


class AnswerDeliveryTime(Action):
    """什么时候发货."""

    def name(self) -> str:
        return "action_answer_delivery_time"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return _answer("delivery_time", "utter_ask_delivery_time", dispatcher, tracker)


class ShowProducts(Action):
    """哪个好, 推荐一款: cards to choose from."""

    def name(self) -> str:
        return "action_show_products"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        url = get_settings().shop_url
        catalogue = current_catalogue(url)
        turn = Turn(tracker)
        heard = listen(turn, catalogue)
        if turn.intent == "compare_products":
            ids = list(heard.products)[:SHOWN]
            if len(ids) < 2:
                dispatcher.utter_message(response="utter_compare_which")
                return []
            response = "utter_compare_products"
        else:
            ids = suggestions(catalogue, url, turn.text, heard.attributes)
            response = "utter_recommend_product"
        buttons = product_buttons(catalogue.products[i] for i in ids)
        dispatcher.utter_message(response=response, buttons=buttons, json_message=cards(url, ids))
        return []


def _answer(topic: str, otherwise: str, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    if TOPICS[topic](dispatcher, wish_of(tracker)):
        return [SlotSet("topic", None)]
    dispatcher.utter_message(response=otherwise)
    return [] if tracker.active_loop_name else [SlotSet("topic", topic)]
