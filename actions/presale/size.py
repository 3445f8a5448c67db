"""穿多大: the size by the product's chart, asked for in a form where product or measures are missing."""

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import FormQuestion, ShopAction, ask_shop
from actions.cards import SHOWN, cards, product_buttons
from actions.flow import FlowResolution, FlowValidation
from actions.heard import listen
from actions.knowledge import consult
from actions.memory import CONFIRMED, Events, forget
from actions.phrases import phrase
from actions.presale.measures import (
    body_in_words,
    has_sizes,
    missing_measures,
    said_of_body,
    wanted_measures,
    with_body,
)
from actions.presale.size_advice import advise
from actions.second_source import say_rule
from actions.turn import ANSWER_INTENTS, Turn
from actions.wish import COLOUR, Wish
from actions.wishing import SEEN, seen_goods, wish_of
from actions.words import says
from bot.settings import get_settings
from bot.shop import Product, current_catalogue

FORM, ENTRIES = "size_form", frozenset({"ask_size"})
ASKING, KNOWN, BODY = "asking_size", "measures", "body"  # begins the form; said so far; complete (the form's slot)


class AnswerSize(ShopAction):
    """Advises at once when all is said; else begins the form, or in another flow says what to tell."""

    def name(self) -> str:
        return "action_answer_size"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        turn, wish = Turn(tracker), await ask_shop(wish_of, tracker)
        known = with_body(tracker.get_slot(KNOWN), said_of_body(turn))
        heard = listen(turn, current_catalogue(get_settings().shop_url))
        colour = heard.attributes.get(COLOUR) or wish.attributes.get(COLOUR)
        if wish.product:
            wanted = await ask_shop(wanted_measures, get_settings().shop_url, wish.product)
            if not missing_measures(wanted, known):
                size = await advise(dispatcher, wish.product, known, colour)
                return [] if tracker.active_loop_name else _seen(tracker, wish.product, size, colour)
        if not known and await say_rule(dispatcher, await consult(tracker, turn.text), "ask_size"):
            return []
        if tracker.active_loop_name:
            dispatcher.utter_message(response="utter_size_in_general")
            return []
        attributes = {COLOUR: colour} if colour else None
        return [
            SlotSet("product", wish.product),
            SlotSet("attributes", attributes),
            SlotSet(KNOWN, known or None),
            SlotSet(ASKING, True),
        ]


class ValidateSizeForm(FlowValidation):
    """Takes product and measures wherever they are said; 随便 ends the questions."""

    form, entries = FORM, ENTRIES

    def name(self) -> str:
        return "validate_size_form"

    def read(self, turn: Turn, dispatcher: CollectingDispatcher) -> Events:
        url = get_settings().shop_url
        catalogue, tracker = current_catalogue(url), turn.tracker
        heard, before = listen(turn, catalogue), tracker.get_slot(KNOWN) or {}
        product = next(iter(heard.products), None) or tracker.get_slot("product")
        wanted = wanted_measures(url, product) if product else []
        missing = missing_measures(wanted, before)
        asked = missing[0] if missing and turn.requested == BODY else None
        known = with_body(before, said_of_body(turn), asked)
        answers = turn.intent in ANSWER_INTENTS | self.entries or not turn.sure
        new = known != before or (answers and product != tracker.get_slot("product"))
        if not turn.activating and not new:
            if not answers:
                return []  # another question: it is answered, and ours comes back
            if not (turn.understood or turn.answer or says("whatever", turn.text)):
                return []  # not understood: the knowledge base may know, and ours comes back
            gives_up = product and (turn.answer or says("whatever", turn.text))
            return [SlotSet(BODY, known)] if gives_up else [SlotSet(CONFIRMED, None)]
        slots: dict[str, Any] = {"product": product, KNOWN: known or None, ASKING: None}
        if heard.attributes.get(COLOUR):
            slots["attributes"] = {COLOUR: heard.attributes[COLOUR]}
        slots[BODY] = known if product and not missing_measures(wanted, known) else None
        return [SlotSet(name, value) for name, value in slots.items()]


class AskSizeProduct(FormQuestion):
    """Which one is it."""

    def name(self) -> str:
        return "action_ask_size_form_product"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        url = get_settings().shop_url
        products = await ask_shop(_sized_products, url, Turn(tracker).text)
        ids = [product.id for product in products]
        shown = await ask_shop(cards, url, ids)
        dispatcher.utter_message(response="utter_which_product", buttons=product_buttons(products), json_message=shown)
        return []


class AskBody(FormQuestion):
    """Asks for the measures that the chart needs and that were not said."""

    def name(self) -> str:
        return "action_ask_size_form_body"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        url, product = get_settings().shop_url, str(tracker.get_slot("product"))
        wanted = await ask_shop(wanted_measures, url, product)
        known = tracker.get_slot(KNOWN) or {}
        missing = missing_measures(wanted, known)
        names = phrase("utter_part_and").join(phrase(f"utter_part_measure_{m}") for m in missing)
        dispatcher.utter_message(
            response="utter_ask_body_more" if known else "utter_ask_body",
            product=current_catalogue(url).products[product].name,
            known=body_in_words(known, wanted),
            measures=names,
            example=phrase("utter_part_comma_long").join(phrase(f"utter_part_example_{m}") for m in missing),
        )
        return []


class AdviseSize(FlowResolution):
    """Ends the form."""

    form, entries = FORM, ENTRIES

    def name(self) -> str:
        return "action_advise_size"

    async def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        product = str(tracker.get_slot("product"))
        colour = (tracker.get_slot("attributes") or {}).get(COLOUR)
        size = await advise(dispatcher, product, tracker.get_slot(BODY) or {}, colour)
        return [*forget(tracker), *_seen(tracker, product, size, colour)]


def _seen(tracker: Tracker, product_id: str, size: str | None, colour: str | None) -> Events:
    """The goods talked about, in the size advised: 有货吗 asks for these next."""
    heard = listen(Turn(tracker), current_catalogue(get_settings().shop_url))
    attributes = {name: value for name, value in (("size", size), (COLOUR, colour)) if value}
    return [SlotSet(SEEN, seen_goods(Wish(product_id, attributes), heard))]


def _sized_products(url: str, text: str) -> list[Product]:
    """Products that come in sizes, of the category that the words name first."""
    catalogue = current_catalogue(url)
    sized = [p for p in catalogue.products.values() if has_sizes(catalogue, p.id)]
    return sorted(sized, key=lambda p: not any(alias in text for alias in p.aliases))[:SHOWN]
