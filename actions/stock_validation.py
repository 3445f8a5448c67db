"""Reads the answers of the stock flow: goods, quantity and city anywhere; yes and no where they were asked for."""

import re
from dataclasses import replace

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import ANSWERS, is_question, made_of, without_question_words
from actions.flow import FlowValidation
from actions.heard import Heard, listen
from actions.memory import DOWN, Events, ending, leave
from actions.offer import WITHHELD, payable_now
from actions.turn import ANSWER_INTENTS, UNCLEAR_TEXTS, Turn
from actions.wish import Notice, Wish, pick, source
from actions.wishing import merge, standing
from actions.words import says
from bot.settings import get_settings
from bot.shop import Catalogue, current_catalogue

ASKING_STOCK, ASKING_ORDER, ASKING_CITY = "stock_confirmed", "confirmed", "city"


class ValidateStockForm(FlowValidation):
    """Keeps the wish in its slots; whatever changes the goods or figures is confirmed anew before an order."""

    form = "stock_form"
    entries = frozenset({"ask_stock", "place_order"})
    ruled = frozenset({"place_order"})

    def name(self) -> str:
        return "validate_stock_form"

    def read(self, turn: Turn, dispatcher: CollectingDispatcher) -> Events:
        tracker = turn.tracker
        if turn.activating and tracker.get_slot("notice"):
            return [SlotSet(ASKING_ORDER, None)]  # another action sent the customer back with something to say
        catalogue = current_catalogue(get_settings().shop_url)
        heard = listen(turn, catalogue)
        if not heard.names_goods:
            heard = replace(heard, unknown=self._unknown_name(turn, heard, catalogue))
        if turn.activating or self._counts(turn, heard):
            return self._take(turn, heard, catalogue)
        if turn.requested == "sku":
            if turn.answer == "no":
                return _slots({"notice": {"kind": "denied"}, ASKING_STOCK: None})
            if turn.answer == "yes":
                return _slots({ASKING_ORDER: None})  # yes to a choice: ask which once more
        elif turn.requested == ASKING_CITY:
            if turn.answer or turn.intent in ANSWER_INTENTS or says("whatever", turn.text):
                return _slots({WITHHELD: True})  # the order goes on without
        elif turn.answer:
            return self._answered(turn, Wish.of(tracker), catalogue)
        if turn.intent in self.entries:
            if turn.intent == "place_order" and turn.requested == ASKING_STOCK:
                return _slots({ASKING_STOCK: True})
            return _slots({ASKING_ORDER: None})  # the same request again: ask the open question again
        return []

    def _counts(self, turn: Turn, heard: Heard) -> bool:
        """Whether what the message names is an answer, and not part of another question."""
        if not heard.names_something:
            return False
        only_names = not turn.text or made_of(turn.rest, *ANSWERS, "filler")
        if only_names:
            return True
        if turn.intent in ANSWER_INTENTS | self.entries:
            return turn.understood or self._likely_answer(turn)
        return turn.requested == "sku" and not turn.sure

    def _likely_answer(self, turn: Turn) -> bool:
        """Whether a message that was not understood is no question about something else."""
        guess = next((name for name, _ in turn.guesses), "")
        return guess in ANSWER_INTENTS | self.entries or not is_question(turn.text)

    def _unknown_name(self, turn: Turn, heard: Heard, catalogue: Catalogue) -> str | None:
        """A product name that the catalogue does not know: a model in a question, or any answer to 哪款."""
        if turn.intent not in ANSWER_INTENTS | self.entries and (turn.sure or is_question(turn.text)):
            return None
        if turn.answer and not turn.activating:
            return None
        rest = without_question_words(turn.rest)
        for category in {product.category for product in catalogue.products.values()}:
            rest = rest.replace(category, "")
        if turn.requested == "sku" and turn.intent not in self.entries:
            if not turn.understood and turn.tracker.get_slot(UNCLEAR_TEXTS):
                return None  # the second guess in a row helps nobody
            return turn.rest.strip() if len(rest) > 1 and not heard.names_something else None
        asked = turn.activating or turn.intent in self.entries
        return rest if asked and re.search(r"[a-z]{2,}|\d{2,}|[a-z]+\d|\d+[a-z]", rest) else None

    def _take(self, turn: Turn, heard: Heard, catalogue: Catalogue) -> Events:
        """Merge what was heard into the wish, pick the variant, and see which questions are open again."""
        url = get_settings().shop_url
        before = standing(turn.tracker, heard) if turn.activating else Wish.of(turn.tracker)
        wish, notice = merge(before, heard, catalogue)
        if wish.sku is None and notice is None:
            variant = pick(wish, catalogue, url, like=before.sku or heard.page_sku)
            wish = replace(wish, sku=variant.sku if variant else None)
        if wish.sku is not None:
            wish, notice = _fit_to_stock(wish, heard, url)
        new_goods = wish.sku != before.sku
        if not turn.activating and not new_goods and turn.requested != "sku":
            same_place = heard.city in (None, before.city)
            same_figures = same_place and (turn.requested == ASKING_STOCK or wish.quantity == before.quantity)
            if turn.answer == "yes" and same_figures and notice is None:
                return self._answered(turn, wish, catalogue)
        slots = {**wish.slots(), "notice": notice, ASKING_ORDER: None}
        if not ending(turn.tracker, DOWN):  # tried again, an order that may have gone through keeps its key
            slots["offer"] = None
        if notice and notice["kind"] == "unknown" and not turn.understood:
            slots[UNCLEAR_TEXTS] = [turn.text]  # taken for a name, but that is a guess
        return _slots(slots | ({ASKING_STOCK: None} if new_goods or wish.sku is None else {}))

    def _answered(self, turn: Turn, wish: Wish, catalogue: Catalogue) -> Events:
        """Yes or no to the question that was asked."""
        if turn.requested == ASKING_ORDER:
            if turn.answer == "no":
                return leave()
            return _slots(_accepted(turn, wish))
        if turn.answer == "yes":
            return _slots({**wish.slots(), ASKING_STOCK: True})
        others = len(catalogue.narrow(wish.product)) > 1
        wish = replace(wish, product=wish.product if others else None, attributes={}, sku=None)
        return _slots({**wish.slots(), ASKING_STOCK: None, "notice": {"kind": "denied"}})


def _accepted(turn: Turn, wish: Wish) -> dict[str, object]:
    # Only an offer that was really shown, with these goods and today's price, may be accepted.
    offer = turn.tracker.get_slot("offer") or {}
    if (offer.get("sku"), offer.get("quantity")) != (wish.sku, wish.quantity):
        return {ASKING_ORDER: None}
    if offer["payable_fen"] != payable_now(turn.tracker, offer):
        return {ASKING_ORDER: None, "notice": {"kind": "price_changed"}}
    return {**wish.slots(), ASKING_ORDER: True}


def _fit_to_stock(wish: Wish, heard: Heard, url: str) -> tuple[Wish, Notice | None]:
    """Bring the quantity down to what may be ordered and what a warehouse has; no sku where nothing is left."""
    found = source(wish, url)
    if found is None:
        return replace(wish, sku=None), {"kind": "sold_out", "sku": wish.sku}
    limit = get_settings().operations.orders.max_quantity
    most = min(found.available, limit)
    if wish.quantity <= most:
        return wish, None
    kind = "limit" if most == limit else "short"
    return replace(wish, quantity=most), {"kind": kind, "number": most} if heard.quantity else None


def _slots(values: dict[str, object]) -> Events:
    return [SlotSet(name, value) for name, value in values.items()]
