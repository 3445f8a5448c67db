"""From the known answers to the next question: what need not be asked is settled, the rest becomes an offer."""

import uuid
from dataclasses import replace
from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale import identity
from actions.aftersale.case import Case
from actions.aftersale.order_flow import MORE, ORDER, OrderFlow
from actions.answering import refuse
from actions.figures import terms, variables_of
from actions.memory import CONFIRMED, ENDING, PERSON, TOLD, Events, end, required_slots
from bot.shop import Order, Refused

# Answers that another answer makes void.
DEPENDING = {
    "item": ("new_sku", "units", "opened"),
    "change": ("item", "new_sku", "units", "new_address", "new_city"),
    "reason": ("opened",),
    "invoice_kind": ("invoice_tax_no",),
}


async def go_on(flow: OrderFlow, case: Case, dispatcher: CollectingDispatcher) -> Events:
    """Settle what need not be asked; with all answers known make the offer that the last question shows."""
    if case.order is None:
        order = await identity.only_order(case, flow.acts_on(case.tracker))
        if order is None:
            return answers(flow, case)
        case = about(case, order)
    assert case.order is not None
    talked_about = SlotSet("current_order", case.order.no)
    try:
        case = await _settle(flow, case)
    except Refused as refused:
        refuse(dispatcher, refused)
        return [talked_about, *end(TOLD, flow.form)]
    known = [talked_about, *answers(flow, case)]
    if flow.for_person(case):
        return [*known, *end(PERSON, flow.form)]
    complete = all(case.get(name) is not None for name in flow.slots)
    if CONFIRMED not in required_slots(flow.form):
        return known
    try:
        if not complete:
            await flow.so_far(case)
            return known
        plan = await flow.carry_out(case, "preview", True)
    except Refused as refused:
        again = flow.ask_again(case, refused.rule)
        if again and not case.get(again):
            return known  # it is asked next
        refuse(dispatcher, refused)
        if again is None:
            return [*known, *end(TOLD, flow.form)]
        return [talked_about, *answers(flow, without(case, again))]
    return [*known, SlotSet("offer", _offer(flow, case, plan))]


async def _settle(flow: OrderFlow, case: Case) -> Case:
    """Fill what follows from the rest, in the order of asking, and stop at the first open question."""
    checked = False
    if case.get("item") and case.line is None:  # a line of another order
        case = without(case, "item")
    for name in flow.slots:
        field = flow.field(name)
        if name in flow.not_needed(case):
            case = case.with_values(**{name: 0 if name == "units" else ""})
        elif field and case.get(name) is None:
            value = await field.settle(case)
            if value is None:
                break
            case = case.with_values(**{name: value})
        if not checked and ("item" not in flow.slots or case.line):
            await flow.possible(case)
            checked = True
    return case


def _offer(flow: OrderFlow, case: Case, plan: Any) -> dict[str, Any]:
    """What the last question shows. The same offer keeps its key, so that each yes acts on the same."""
    same = {"flow": flow.form, "values": dict(case.values), "terms": terms(plan)}
    old = case.tracker.get_slot("offer")
    old = old if isinstance(old, dict) else {}
    key = old["key"] if {name: old.get(name) for name in same} == same and "key" in old else uuid.uuid4().hex
    response = flow.question_for(case, plan)
    shown = {name: str(value) for name, value in flow.figures(case, plan).items() if name in variables_of(response)}
    return {**same, "key": key, "response": response, "shown": shown}


def answers(flow: OrderFlow, case: Case) -> Events:
    """The answers that changed, no offer, and no yes, which is always set, so that Rasa knows the message was read."""
    now = {name: case.get(name) for name in (*flow.slots, *MORE)} | {"offer": None, ENDING: None}
    changed = [SlotSet(name, value) for name, value in now.items() if case.tracker.get_slot(name) != value]
    return [*changed, SlotSet(CONFIRMED, None)]


def about(case: Case, order: Order | None) -> Case:
    """The case about the customer's own `order`."""
    return case if order is None else replace(case.with_values(**{ORDER: order.no}), order=order)


def without(case: Case, name: str) -> Case:
    """The case with the answer `name` open again, and those that depend on it."""
    gone = {name, *DEPENDING.get(name, ())}
    return replace(case, values={key: value for key, value in case.values.items() if key not in gone})
