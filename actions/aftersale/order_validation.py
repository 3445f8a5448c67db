"""Reads the answers of every flow about an order: the order first, then the line, then what the flow asks for."""

from dataclasses import replace
from typing import Any

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale import identity
from actions.aftersale.case import Case, open_case
from actions.aftersale.confirming import agrees, answer
from actions.aftersale.going_on import about, answers, go_on
from actions.aftersale.identity import PHONE, UNPROVEN
from actions.aftersale.order_flow import MORE, ORDER, OrderFlow
from actions.aftersale.taking import CORRECTION, take, takes
from actions.flow import FlowValidation
from actions.memory import AGAIN, DOWN, TOLD, Events, end, ending
from actions.turn import Turn
from bot.shop import Access
from bot.shop.access import plain_number

# Questions that no form requires, asked where they are needed, and what Rasa says or runs for them.
ASIDE = {PHONE: "utter_ask_phone_tail", CORRECTION: "action_ask_correction"}

OF_ORDER = ("item", "new_sku", "units", "opened", "retitle")  # answers that another order makes void


class OrderValidation(FlowValidation):
    """`flow` tells what is asked; a change of order or line asks the rest anew."""

    flow: OrderFlow

    def stops(self, turn: Turn) -> bool:
        if turn.answer != "stop" or agrees(self.flow, turn):
            return False
        field = self.flow.field(turn.requested)  # 不想要了 is a reason, 不用 to a photo an answer
        nobody = Case(turn.tracker, Access("", ""))
        return field is None or field.read(turn, nobody, True) is None

    def come_back(self, turn: Turn) -> Events:
        open_question = turn.tracker.get_slot("requested_slot")
        asked_aside = open_question in ASIDE and not self.soft
        return [SlotSet("requested_slot", open_question)] if asked_aside else super().come_back(turn)

    async def read(self, turn: Turn, dispatcher: CollectingDispatcher) -> Events:
        case = await open_case(turn.tracker, self._kept(turn))
        if turn.requested == PHONE and not identity.number_in(turn, False):
            return await self._phone(turn, case, dispatcher)
        again = turn.activating and self._comes_back(turn)
        changed, case, unproven = (False, case, None) if again else await self._order(turn, case)
        if case.get(ORDER) and case.order is None:  # never this customer's, or no more
            unproven = unproven or str(case.get(ORDER))
        if turn.activating and case.order is None and not unproven:
            case = about(case, await identity.only_order(case, self.flow.acts_on(turn.tracker)))
        heard, case = (False, case) if again else take(self.flow, turn, case)
        if unproven:
            return self._ask_phone(case, unproven)
        if not turn.activating and identity.wants_other_order(turn) and not changed:
            values = {name: value for name, value in case.values.items() if name not in (ORDER, *OF_ORDER)}
            return [
                *answers(self.flow, replace(case, values=values)),
                SlotSet("current_order", None),
                SlotSet("requested_slot", ORDER),
            ]
        if not (changed or heard or turn.activating):
            return await answer(self.flow, turn, case, dispatcher)
        return await go_on(self.flow, case, dispatcher)

    def _comes_back(self, turn: Turn) -> bool:
        """Whether the flow's own resolution sends the customer back for another yes."""
        why = ending(turn.tracker, AGAIN)
        return bool(why and why.get("flow") == self.form)

    def _kept(self, turn: Turn) -> dict[str, Any]:
        """The answers so far; of another flow's only order and line, unless this one comes back after a breakdown."""
        slots = {name: turn.tracker.get_slot(name) for name in (*self.flow.slots, *MORE)}
        stopped = ending(turn.tracker, DOWN) or ending(turn.tracker, AGAIN)
        if turn.activating and not (stopped and stopped.get("flow") == self.form):
            slots = {name: value for name, value in slots.items() if name in (ORDER, "item")}
        return {name: value for name, value in slots.items() if value is not None}

    async def _phone(self, turn: Turn, case: Case, dispatcher: CollectingDispatcher) -> Events:
        """The answer to the question for the phone's last digits."""
        number, digits = turn.tracker.get_slot(UNPROVEN), identity.digits_in(turn)
        if not isinstance(number, str) or not digits:
            again = turn.intent in self.entries or turn.intent in ("affirm", "inform")
            return [SlotSet(UNPROVEN, number), SlotSet("requested_slot", PHONE)] if again and number else []
        status = await identity.check_phone(dispatcher, case, number, digits)
        if status == "locked":
            return end(TOLD, self.form)
        if status == "wrong":
            return [SlotSet(UNPROVEN, number), SlotSet("requested_slot", PHONE)]
        if status == "malformed":
            return [SlotSet(UNPROVEN, None), SlotSet("requested_slot", ORDER)]
        case = await open_case(turn.tracker, {**case.values, ORDER: plain_number(number)})
        return [SlotSet(UNPROVEN, None), *await go_on(self.flow, case, dispatcher)]

    async def _order(self, turn: Turn, case: Case) -> tuple[bool, Case, str | None]:
        """Whether another order was named, the case about it, and its number where it must be proven first."""
        found = await identity.named_order(turn, case, turn.requested == ORDER, self.flow.acts_on(turn.tracker))
        if not (takes(self.flow, turn) or turn.requested == ORDER):
            return False, case, None
        if found.order is None:
            return False, case, found.unproven
        if case.order and found.order.no == case.order.no:
            return turn.requested == ORDER, case, None
        values = {name: value for name, value in case.values.items() if name not in OF_ORDER}
        case = Case(case.tracker, case.access, {**values, ORDER: found.order.no}, found.order)
        return True, case, None

    def _ask_phone(self, case: Case, number: str) -> Events:
        values = {name: value for name, value in case.values.items() if name not in (ORDER, *OF_ORDER)}
        return [
            *answers(self.flow, replace(case, values=values)),
            SlotSet(UNPROVEN, number),
            SlotSet("requested_slot", PHONE),
        ]


def order_validation(flow: OrderFlow) -> type[OrderValidation]:
    """The validation of a flow about an order."""
    name = f"validate_{flow.form}"
    ruled = flow.entries if flow.ruled else frozenset()
    members = {"form": flow.form, "entries": flow.entries, "ruled": ruled, "soft": flow.soft, "flow": flow}
    return type(name, (OrderValidation,), {**members, "name": lambda self: name})
