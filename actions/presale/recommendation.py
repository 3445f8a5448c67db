"""推荐一款: a need, one constraint, three cards with reasons; two questions at most."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import FormQuestion, ShopAction, ask_shop
from actions.cards import Button, inform
from actions.flow import FlowResolution, FlowValidation
from actions.heard import listen
from actions.memory import Events, forget
from actions.phrases import phrase
from actions.presale.budget import budget_in, price_bands
from actions.presale.recommend_cards import Wanted, show
from actions.turn import ANSWER_INTENTS, Turn
from actions.words import category_in, need_in, says
from bot.settings import get_settings
from bot.shop import current_catalogue

FORM, ENTRIES = "recommend_form", frozenset({"recommend_product"})
ASKING, WANTED, NEED, BUDGET = "asking_need", "wanted", "need", "budget"


class Recommend(ShopAction):
    """Shows cards at once when enough is said, or in another flow; else begins the form."""

    def name(self) -> str:
        return "action_recommend"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        wanted = await ask_shop(heard_wants, Turn(tracker), {})
        if enough(wanted) or tracker.active_loop_name:
            await show(dispatcher, tracker, wanted)
            return []
        return [SlotSet(WANTED, wanted), SlotSet(ASKING, True)]


class ValidateRecommendForm(FlowValidation):
    """Each question is asked once: what its answer does not hold stays open."""

    form, entries = FORM, ENTRIES

    def name(self) -> str:
        return "validate_recommend_form"

    def read(self, turn: Turn, dispatcher: CollectingDispatcher) -> Events:
        before = turn.tracker.get_slot(WANTED) or {}
        if turn.activating:
            return _slots(before)
        wanted = heard_wants(turn, before)
        answers = turn.intent in ANSWER_INTENTS | self.entries or not turn.sure
        if not answers and wanted_facts(wanted) == wanted_facts(before):
            return []  # another question: it is answered, and ours comes back
        if turn.requested == NEED:
            wanted["asked"] = True
            if not wanted.get("category") and not need_in(wanted["text"]).words:
                wanted["whatever"] = True  # said what we cannot read: rather cards than a second question of a kind
        if turn.requested == BUDGET and wanted["category"] == before.get("category"):
            wanted["whatever"] = wanted.get("whatever") or wanted.get("budget_fen") is None
        return _slots(wanted)


class AskNeed(Action):
    """What for: the categories as buttons."""

    def name(self) -> str:
        return "action_ask_recommend_form_need"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        catalogue = current_catalogue(get_settings().shop_url)
        categories = dict.fromkeys(p.category for p in catalogue.products.values())
        buttons = [inform(category, category=category) for category in categories]
        dispatcher.utter_message(response="utter_ask_need", buttons=[*buttons, _whatever()])
        return []


class AskBudget(FormQuestion):
    """How much it may cost: price bands of what the shop has as buttons."""

    def name(self) -> str:
        return "action_ask_recommend_form_budget"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        wanted = tracker.get_slot(WANTED) or {}
        bands = await price_bands(wanted.get("category"))
        buttons: list[Button] = []
        for fen in bands:
            button = inform(phrase("utter_part_within", amount=f"{fen // 100}"))
            buttons.append({**button, "payload": f'/inform{{"amount": {fen}}}'})
        name = "utter_ask_budget_of" if wanted.get("category") else "utter_ask_budget"
        dispatcher.utter_message(response=name, category=wanted.get("category", ""), buttons=[*buttons, _whatever()])
        return []


class ShowRecommendations(FlowResolution):
    """Ends the form with the cards."""

    form, entries = FORM, ENTRIES

    def name(self) -> str:
        return "action_show_recommendations"

    async def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        await show(dispatcher, tracker, tracker.get_slot(WANTED) or {})
        return forget(tracker)


def heard_wants(turn: Turn, before: Wanted) -> Wanted:
    """What was wanted before, and what the message adds or corrects."""
    catalogue = current_catalogue(get_settings().shop_url)
    categories = {product.category for product in catalogue.products.values()}
    heard = listen(turn, catalogue)
    pressed = [e.get("value") for e in turn.entities if e.get("entity") == "category"]
    named = next((value for value in pressed if value in categories), None) or category_in(turn.text, categories)
    if named is None and heard.products:
        named = catalogue.products[heard.products[0]].category
    words = turn.text or named or ""
    changed = named is not None and before.get("category") not in (None, named)
    budget = budget_in(turn, asked=turn.requested == BUDGET)
    near = says("around", turn.text) if budget is not None else bool(before.get("near"))
    return {
        "text": words if changed else f"{before.get('text', '')} {words}".strip(),
        "category": named or before.get("category"),
        "budget_fen": budget if budget is not None else before.get("budget_fen"),
        "near": near,
        "whatever": bool(before.get("whatever")) or says("whatever", turn.text),
        "asked": before.get("asked", False),
    }


def wanted_facts(wanted: Wanted) -> tuple[Any, ...]:
    """What of it decides; its words only as far as they name a need."""
    price = wanted.get("budget_fen"), bool(wanted.get("near"))
    return wanted.get("category"), price, wanted.get("whatever"), need_in(wanted.get("text", ""))


def enough(wanted: Wanted) -> bool:
    """Whether cards can be chosen without another question."""
    need = need_in(wanted["text"])
    aimed = bool(wanted["category"] or need.words or need.demands)
    narrowed = wanted["budget_fen"] is not None or need.narrow
    return bool(wanted["whatever"]) or (aimed and narrowed)


def _slots(wanted: Wanted) -> Events:
    need = need_in(wanted.get("text", ""))
    aimed = wanted.get("category") or need.words or need.demands or wanted.get("asked") or wanted.get("whatever")
    done = enough({"text": "", "category": None, "budget_fen": None, "whatever": False, **wanted})
    values = {WANTED: wanted, ASKING: None, NEED: True if aimed else None, BUDGET: True if done else None}
    return [SlotSet(name, value) for name, value in values.items()]


def _whatever() -> Button:
    return {"title": phrase("utter_part_whatever"), "payload": "/deny"}
