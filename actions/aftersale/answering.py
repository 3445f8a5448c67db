"""Questions about orders that are answered at once from the data; a guest proves first to own the order."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import Case, access_of, open_case, recent, short
from actions.aftersale.fields import named
from actions.aftersale.identity import named_order
from actions.aftersale.order_flow import ORDER, OrderFlow
from actions.answering import ShopAction
from actions.cards import Button
from actions.knowledge import Consulted, consult, say_answer
from actions.memory import Events, forget
from actions.second_source import say_rule
from actions.turn import Turn
from bot.shop import Order

LOOKUP_FORM, LOOKUP = "lookup_form", "lookup"
SHOWN = 5
ANSWERS: dict[str, "type[OrderAnswer]"] = {}  # intent → what answers it


def order_buttons(intent: str, orders: Sequence[Order]) -> list[Button]:
    """One button an order, asking the same about it."""
    shown = orders[:SHOWN]
    return [{"title": short(order), "payload": f'/{intent}{{"order_number": "{order.no}"}}'} for order in shown]


class OrderAnswer(ShopAction):
    """Answers `intent` about the named order, else about the latest ones with `statuses` (any by default)."""

    intent: ClassVar[str] = ""
    statuses: ClassVar[Collection[str]] = ()
    in_general: ClassVar[bool] = False  # whether an entry may answer who has no order, before it is asked for

    def __init_subclass__(cls, **values: Any) -> None:
        super().__init_subclass__(**values)
        if cls.intent:
            ANSWERS[cls.intent] = cls

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        turn = Turn(tracker)
        consulted = None if named(turn, ORDER) else await consult(tracker, turn.text)
        if await say_rule(dispatcher, consulted, self.intent):
            return []
        return await self.find(dispatcher, Case(tracker, await access_of(tracker)), consulted)

    async def find(self, dispatcher: CollectingDispatcher, case: Case, consulted: Consulted | None) -> Events:
        """Find the order and tell about it."""
        found = await named_order(Turn(case.tracker), case, False, self.statuses)
        if found.order:
            return await self._told(dispatcher, case, [found.order])
        fitting, every = ([], []) if found.unproven else await recent(case.access, self.statuses)
        if every:
            return await self._told(dispatcher, case, fitting or every)
        told = self.in_general and await say_answer(dispatcher, consulted)
        return [] if told and case.tracker.active_loop_name else self.look_up(dispatcher, case.tracker)

    def look_up(self, dispatcher: CollectingDispatcher, tracker: Tracker, orders: Sequence[Order] = ()) -> Events:
        """Ask which of `orders`, else for the number and the phone; inside another flow only say what there is."""
        if tracker.active_loop_name:
            response = "utter_ask_which_order" if orders else "utter_no_orders_here"
            dispatcher.utter_message(response=response, buttons=order_buttons(self.intent, orders))
            return []
        return [SlotSet(LOOKUP, self.intent), SlotSet(ORDER, None), FollowupAction(LOOKUP_FORM)]

    async def _told(self, dispatcher: CollectingDispatcher, case: Case, orders: list[Order]) -> Events:
        events = await self.tell(dispatcher, case, orders)
        talked_about = [SlotSet("current_order", orders[0].no)] if len(orders) == 1 else []
        return [*talked_about, *events]

    @abstractmethod
    async def tell(self, dispatcher: CollectingDispatcher, case: Case, orders: list[Order]) -> Events:
        """Tell about `orders`, the customer's own, newest first; a single one was named or is the only one."""


def _answer(tracker: Tracker) -> OrderAnswer:
    """What answers the question that waits for its order."""
    return ANSWERS.get(str(tracker.get_slot(LOOKUP)), ANSWERS["check_order"])()


class TellLookup(OrderFlow):
    """Answers the question that a guest asked, now that the order is proven."""

    form = LOOKUP_FORM
    soft = True
    left_response = "utter_deny"

    def name(self) -> str:
        return "action_tell_lookup"

    def acts_on(self, tracker: Tracker) -> Collection[str]:
        return _answer(tracker).statuses

    async def carry_out(self, case: Case, key: str, preview: bool) -> None:
        """Nothing is changed."""

    async def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        case = await open_case(tracker, {ORDER: tracker.get_slot(ORDER)})
        answer = _answer(tracker)
        if case.order is None:
            return [*forget(tracker), *answer.look_up(dispatcher, tracker)]
        events = await answer.tell(dispatcher, case, [case.order])
        return [*forget(tracker), *events]
