"""怎么安装, 怎么洗: answered by the knowledge base or the product's parameters, else a repair or a person."""

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import access_of, recent
from actions.aftersale.words import meanings
from actions.answering import ShopAction
from actions.knowledge import consult, offer_near, say_answer
from actions.knowledge_buttons import pressed_button
from actions.memory import Events
from actions.phrases import phrase
from actions.turn import Turn
from actions.wishing import wish_of
from bot.settings import get_settings
from bot.shop import Product, current_catalogue


def how_to(product: Product, question: str) -> list[str]:
    """What is known about using `product`, as far as it answers the question: 安装：免费上门安装."""
    wanted = meanings("usage", question)
    return [phrase("utter_part_fact", name=n, value=v) for n, v in product.parameters.items() if n in wanted]


class UsageHelp(ShopAction):
    """About the product named, of the page, or last bought."""

    def name(self) -> str:
        return "action_usage_help"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        if await pressed_button(dispatcher, tracker):
            return []
        turn = Turn(tracker)
        consulted = await consult(tracker, turn.text)
        if await say_answer(dispatcher, consulted):
            return []
        product = await product_meant(tracker)
        facts = how_to(product, turn.text) if product else []
        if product and facts:
            dispatcher.utter_message(response="utter_usage", product=product.name, facts="\n".join(facts))
        elif not await offer_near(dispatcher, consulted):
            response = "utter_usage_unknown" if product else "utter_usage_which"
            dispatcher.utter_message(response=response, product=product.name if product else "")
        return []


async def product_meant(tracker: Tracker) -> Product | None:
    """The product of the question, else that of the order talked about or of the only recent one."""
    products = current_catalogue(get_settings().shop_url).products
    named = products.get(str(wish_of(tracker).product))
    if named:
        return named
    _, orders = await recent(await access_of(tracker))
    before = tracker.get_slot("current_order")
    lines = [x for o in orders if o.no == before for x in o.lines] or [x for o in orders[:1] for x in o.lines]
    bought = {line.product_id for line in lines}
    return products.get(bought.pop()) if len(bought) == 1 else None
