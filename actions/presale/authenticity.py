"""是正品吗: source, licence, batch and inspection, and honest words where one is missing."""

from rasa_sdk.executor import CollectingDispatcher

from actions.answering import ask_shop
from actions.phrases import day
from actions.presale.answer import Lack, PresaleAnswer
from actions.presale.question import Question
from bot.shop.presale import Origin, origin_of


class AnswerAuthenticity(PresaleAnswer):
    """What proves that the goods are genuine."""

    intent = "ask_authenticity"

    def name(self) -> str:
        return "action_answer_authenticity"

    async def tell(self, dispatcher: CollectingDispatcher, question: Question) -> Lack | None:
        if question.product is None:
            if not question.waiting:
                dispatcher.utter_message(response="utter_authenticity_in_general")
            return "product"
        origin = await ask_shop(origin_of, question.url, question.product.id)
        if origin is None:
            dispatcher.utter_message(response="utter_origin_unknown", product=question.product.name)
            return None
        dispatcher.utter_message(
            response=_response(origin),
            product=origin.product.name,
            source=origin.source,
            licence=origin.licence,
            until=day(origin.licence_until) if origin.licence_until else "",
            batch=origin.batch,
            inspection=origin.inspection,
        )
        return None


def _response(origin: Origin) -> str:
    if not origin.licence:
        return "utter_origin_without_licence"
    if not origin.licence_valid:
        return "utter_origin_expired"
    return "utter_origin" if origin.licence_until else "utter_origin_unlimited"
