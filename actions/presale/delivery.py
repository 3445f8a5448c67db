"""发什么快递, 几天能到: who brings the goods and when, by warehouse cut-off and carrier's days."""

from rasa_sdk.executor import CollectingDispatcher

from actions.phrases import moment, phrase
from actions.presale.question import Question
from actions.presale.shipping import Shipment, ShippingAnswer
from actions.words import says
from bot.shop.adapters import systems
from bot.shop.presale import ShippingTerms


class AnswerDeliveryMethod(ShippingAnswer):
    """发什么快递, 能送吗: carrier, warehouse and what the shop does not do."""

    intent = "ask_delivery_method"

    def name(self) -> str:
        return "action_answer_delivery_method"

    def tell_for(self, dispatcher: CollectingDispatcher, question: Question, shipment: Shipment) -> None:
        _tell_how(dispatcher, question)
        dispatcher.utter_message(response="utter_delivery_method", **shipment.figures)

    async def tell_in_general(
        self, dispatcher: CollectingDispatcher, question: Question, terms: ShippingTerms | None
    ) -> None:
        _tell_how(dispatcher, question)
        carriers = phrase("utter_part_comma").join(terms.carriers) if terms else phrase("utter_part_carrier")
        dispatcher.utter_message(response="utter_delivery_methods", carriers=carriers)


class AnswerDeliveryTime(ShippingAnswer):
    """什么时候发货, 几天能到: by the warehouse's cut-off and the carrier's days."""

    intent = "ask_delivery_time"

    def name(self) -> str:
        return "action_answer_delivery_time"

    def tell_for(self, dispatcher: CollectingDispatcher, question: Question, shipment: Shipment) -> None:
        if says("weekend", question.text):
            dispatcher.utter_message(response="utter_delivery_appointment")
        if shipment.source is None:
            dispatcher.utter_message(response="utter_delivery_sold_out", **shipment.figures)
            return
        dispatcher.utter_message(response="utter_delivery_time", **shipment.figures)

    async def tell_in_general(
        self, dispatcher: CollectingDispatcher, question: Question, terms: ShippingTerms | None
    ) -> None:
        if says("weekend", question.text):
            dispatcher.utter_message(response="utter_delivery_appointment")
        variant = question.variant
        if variant is None:
            days = {"first": terms.days_from, "last": terms.days_to} if terms else {"first": 2, "last": 4}
            dispatcher.utter_message(response="utter_delivery_times", **days)
            return
        stock = await systems().inventory.availability(variant.sku)
        if stock.best is None:
            dispatcher.utter_message(response="utter_delivery_sold_out", title=variant.title)
            return
        dispatcher.utter_message(
            response="utter_ship_by",
            title=variant.title,
            warehouse=stock.best.warehouse_name,
            ship_by=moment(stock.best.ship_by),
        )


def _tell_how(dispatcher: CollectingDispatcher, question: Question) -> None:
    for ask, response in (("pickup", "utter_no_pickup"), ("door", "utter_to_the_door")):
        if says(ask, question.text):
            dispatcher.utter_message(response=response)
