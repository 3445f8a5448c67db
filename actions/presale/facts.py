"""是什么材质, 支持快充吗: what the product page says to a question."""

from rasa_sdk.executor import CollectingDispatcher

from actions.answering import ask_shop
from actions.phrases import phrase
from actions.presale.answer import Lack, PresaleAnswer
from actions.presale.question import Question, without_names
from actions.words import says
from bot.shop.presale import ProductFacts, product_facts


class AnswerProductInfo(PresaleAnswer):
    """The parameters that the question names; the whole page when it names none."""

    intent, rules = "ask_product_info", False

    def name(self) -> str:
        return "action_answer_product_info"

    async def knows(self, question: Question) -> bool:
        if question.product is None:
            return False
        asked = without_names(question)
        facts = await ask_shop(product_facts, question.url, question.product.id, asked)
        return _response(facts, asked) != "utter_product_info_instead"

    async def tell(self, dispatcher: CollectingDispatcher, question: Question) -> Lack | None:
        if question.product is None:
            return "product"
        asked = without_names(question)
        facts = await ask_shop(product_facts, question.url, question.product.id, asked)
        dispatcher.utter_message(
            response=_response(facts, asked),
            product=facts.product.name,
            description=facts.product.description,
            facts="\n".join(phrase("utter_part_fact", name=n, value=v) for n, v in facts.found.items()),
        )
        return None


def _response(facts: ProductFacts, asked: str) -> str:
    if len(facts.found) < len(facts.product.parameters):
        return "utter_product_facts"
    return "utter_product_info" if not asked.strip() or says("general", asked) else "utter_product_info_instead"
