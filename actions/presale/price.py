"""多少钱, 为什么涨价了: the price with its history."""

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import ask_shop
from actions.cards import pressable
from actions.memory import Events
from actions.outreach import offer_on_price
from actions.phrases import day, phrase
from actions.presale.answer import Lack, PresaleAnswer
from actions.presale.question import Question, read_question
from actions.words import says
from bot.settings import get_settings
from bot.shop import UnknownSku, format_fen, product_card
from bot.shop.presale import PriceChange, PriceInsight, price_insight

MOST = 3  # prices in one answer


class AnswerPrice(PresaleAnswer):
    """The price now, its lows and its latest change; of several products, each."""

    intent = "ask_price"

    def name(self) -> str:
        return "action_answer_price"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        events = await super().act(dispatcher, tracker)
        question = await ask_shop(read_question, tracker, self.intent)
        return [*events, *await offer_on_price(dispatcher, tracker, question.wish.product)]

    async def tell(self, dispatcher: CollectingDispatcher, question: Question) -> Lack | None:
        several = question.heard.products if len(question.heard.products) > 1 and not question.heard.sku else ()
        keys: list[str | None] = list(several[:MOST]) or [question.wish.sku or question.wish.product]
        known = [key for key in keys if key]
        told = [await ask_shop(tell_price, dispatcher, str(key), question) for key in known]
        return None if any(told) else "product"


def tell_price(dispatcher: CollectingDispatcher, key: str, question: Question) -> bool:
    """Say the price of a product or sku; whether it could be said."""
    try:
        card = product_card(question.url, key)
        insight = price_insight(question.url, card["sku"])
    except UnknownSku:
        return False
    title = question.catalogue.variants[card["sku"]].title
    if says("rise", question.text) or says("drop", question.text):
        _tell_change(dispatcher, title, insight, "rise" if says("rise", question.text) else "drop")
        return True
    dispatcher.utter_message(
        response="utter_price",
        title=card["title"],
        price=card["price"],
        stock=card["stock_text"],
        history=history(insight),
        market=beside_market(insight),
        json_message={"type": "product_cards", "cards": [pressable(card, key)]},
    )
    return True


def history(insight: PriceInsight) -> str:
    """The lows and the latest change in words."""
    now = insight.price.price_fen
    change = insight.last_change
    if change is None:
        return phrase("utter_part_price_steady")
    moved = phrase(
        "utter_part_price_cut" if change.by_fen < 0 else "utter_part_price_rise",
        day=day(change.at),
        amount=format_fen(abs(change.by_fen)),
    )
    if now == insight.lowest_90_fen:
        return phrase("utter_part_price_lowest", change=moved)
    low = format_fen(insight.lowest_90_fen)
    if now == insight.lowest_30_fen:
        return phrase("utter_part_price_lowest_30", change=moved, low=low)
    return phrase("utter_part_price_lows", change=moved, low_30=format_fen(insight.lowest_30_fen), low_90=low)


def beside_market(insight: PriceInsight) -> str:
    """How much is saved against the market price; nothing where nothing is."""
    saved = insight.below_market_fen
    return phrase("utter_part_below_market", amount=format_fen(saved)) if saved > 0 else ""


def _tell_change(dispatcher: CollectingDispatcher, title: str, insight: PriceInsight, asked: str) -> None:
    """Answer 为什么涨价 and 降价了吗 by what the prices were."""
    change = insight.last_change
    if change is None:
        dispatcher.utter_message(
            response="utter_price_unchanged", title=title, price=format_fen(insight.price.price_fen)
        )
        return
    rose = change.by_fen > 0
    names = {
        ("rise", True): "utter_price_rose",
        ("rise", False): "utter_price_not_risen",
        ("drop", True): "utter_price_not_fallen",
        ("drop", False): "utter_price_fell",
    }
    dispatcher.utter_message(response=names[asked, rose], title=title, **_figures(change, insight))


def _figures(change: PriceChange, insight: PriceInsight) -> dict[str, str]:
    return {
        "day": day(change.at),
        "before": format_fen(change.before_fen),
        "after": format_fen(change.after_fen),
        "amount": format_fen(abs(change.by_fen)),
        "low_90": format_fen(insight.lowest_90_fen),
        "days": str(get_settings().operations.after_sale.protection_days),
    }
