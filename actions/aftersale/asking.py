"""The questions that all after-sale flows share, with what the customer may choose as buttons."""

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import Case, open_case, recent, short
from actions.aftersale.fields_change import others
from actions.aftersale.order_flow import FLOWS, ORDER
from actions.answering import FormQuestion
from actions.cards import Button, inform
from actions.figures import title_of
from actions.memory import TOLD, Events, end, required_slots
from actions.phrases import phrase
from actions.turn import Turn
from bot.shop.adapters import systems

SHOWN = 5
# What can be corrected in a word, each with the title utter_part_correct_<slot>.
CORRECTABLE = (
    ORDER, "item", "change", "reason", "opened", "units", "new_address", "new_sku", "invoice_kind", "invoice_title",
    "invoice_tax_no", "invoice_email",
)  # fmt: skip


async def case_of(tracker: Tracker) -> Case:
    """The case of the active flow."""
    slots = required_slots(str(tracker.active_loop_name))
    return await open_case(tracker, {name: tracker.get_slot(name) for name in slots})


class AskOrder(FormQuestion):
    """请问是哪一单？ with the orders that the flow can act on, else any; a guest is asked for the number."""

    def name(self) -> str:
        return "action_ask_order_number"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        case = await case_of(tracker)
        flow = FLOWS.get(str(tracker.active_loop_name))
        fitting, every = await recent(case.access, flow().acts_on(tracker) if flow else ())
        orders = (fitting or every)[:SHOWN]
        buttons = [inform(short(order), order_number=order.no) for order in orders]
        turn = Turn(tracker, str(tracker.active_loop_name))
        if not orders and flow and turn.activating and turn.intent in flow.entries and flow.about:
            dispatcher.utter_message(response=f"utter_about_{turn.intent}")
        dispatcher.utter_message(response="utter_ask_which_order" if orders else "utter_ask_number", buttons=buttons)
        return []


class AskItem(FormQuestion):
    """订单里有几件商品，是哪一件？"""

    def name(self) -> str:
        return "action_ask_item"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        case = await case_of(tracker)
        lines = case.order.lines if case.order else ()
        buttons = [inform(title_of(line.sku), item=line.sku) for line in lines]
        dispatcher.utter_message(response="utter_ask_item", buttons=buttons)
        return []


class AskUnits(FormQuestion):
    """一共几件，要办几件？"""

    def name(self) -> str:
        return "action_ask_units"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        case = await case_of(tracker)
        most, unit = (case.line.quantity, case.line.unit) if case.line else (1, "")
        changing = tracker.get_slot("change") == "quantity"
        choices = range(1, min(most + changing, SHOWN) + 1)
        buttons = [
            inform(phrase("utter_part_choice_units", number=number, unit=unit), quantity=str(number))
            for number in choices
            if not (changing and number == most)
        ]
        response = "utter_ask_new_quantity" if changing else "utter_ask_how_many"
        dispatcher.utter_message(response=response, quantity=most, unit=unit, buttons=buttons)
        return []


class AskNewSku(FormQuestion):
    """想换成哪一种？ with what is in stock."""

    def name(self) -> str:
        return "action_ask_new_sku"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        case = await case_of(tracker)
        line = case.line
        buttons: list[Button] = []
        if line:
            stock = {s.sku: s.available for s in await systems().inventory.stock([v.sku for v in variants_of(line)])}
            left = [v for v in variants_of(line) if stock.get(v.sku, 0) > 0]
            if tracker.active_loop_name == "exchange_form":
                buttons.append(inform(phrase("utter_part_same_variant"), new_sku=line.sku))
            buttons += [inform(v.label, new_sku=v.sku) for v in left[:SHOWN]]
        response = "utter_ask_new_variant" if buttons else "utter_ask_new_variant_none"
        dispatcher.utter_message(response=response, product=line.name if line else "", buttons=buttons)
        return []


def variants_of(line: Any) -> list[Any]:
    """The other variants of a line's product."""
    return others(line.product_id, line.sku)


class AskCorrection(FormQuestion):
    """哪里不对？ with what can be changed."""

    def name(self) -> str:
        return "action_ask_correction"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        slots = [name for name in required_slots(str(tracker.active_loop_name)) if name in CORRECTABLE]
        slots = [name for name in slots if tracker.get_slot(name)]
        buttons = [inform(phrase(f"utter_part_correct_{name}"), correct=name) for name in slots]
        dispatcher.utter_message(response="utter_ask_what_is_wrong", buttons=buttons)
        return []


class AskConfirmed(FormQuestion):
    """The question before the change, with the figures that the rules gave; the answer is checked against them."""

    def name(self) -> str:
        return "action_ask_confirmed"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        offer = tracker.get_slot("offer")
        if not isinstance(offer, dict) or offer.get("flow") != tracker.active_loop_name:
            return end(TOLD, str(tracker.active_loop_name))
        dispatcher.utter_message(response=offer["response"], **offer["shown"])
        return []
