"""A flow about an order: which fields it asks for, and one call that tells the figures (preview) or acts.

Adding one: a form in domain.yml (`order_number` first, `confirmed` last), two rules in data/rules/aftersale.yml, the
responses named below, and a subclass with `carry_out`.
"""

from abc import abstractmethod
from collections.abc import Awaitable, Collection
from datetime import datetime
from typing import Any, ClassVar

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import Case, figures_of, goods_of, open_case
from actions.aftersale.fields import Field
from actions.answering import refuse
from actions.figures import day_of, in_words
from actions.flow import FlowResolution
from actions.memory import CONFIRMED, Events, forget, go_back, required_slots
from bot.shop import Refused, ShopError, SystemDown

FLOWS: dict[str, "type[OrderFlow]"] = {}
ORDER = "order_number"
# A refusal that another answer can cure: the slots that are asked for again, the first that matters.
ASK_AGAIN = {
    "quantity": ("units",),
    "item_same": ("change",),
    "item_stock": ("new_sku", "units"),
    "item_other_product": ("new_sku",),
    "exchange_stock": ("new_sku",),
    "exchange_other_product": ("new_sku",),
    "address_too_short": ("new_address",),
    "region_not_served": ("new_address",),
    "invoice_title": ("invoice_title",),
    "invoice_tax_no": ("invoice_tax_no",),
    "invoice_email": ("invoice_email",),
}
DONE = "utter_done_"  # begins the responses that tell that an order's request is done


class OrderFlow(FlowResolution):
    """`statuses`: those of orders that the flow can act on; `question` and `done` are responses with the figures."""

    statuses: ClassVar[Collection[str]] = ()
    about: ClassVar[bool] = True  # there is a response utter_about_<intent> for those who have no order
    soft: ClassVar[bool] = False
    ruled: ClassVar[bool] = True  # a question for its rules alone does not start it
    fields: ClassVar[tuple[Field, ...]] = ()
    question: ClassVar[str] = ""
    done: ClassVar[str] = ""

    def __init_subclass__(cls, **values: Any) -> None:
        super().__init_subclass__(**values)
        if cls.form:
            FLOWS[cls.form] = cls

    def acts_on(self, tracker: Tracker) -> Collection[str]:
        """The statuses of orders that this conversation's request can be about."""
        return self.statuses

    @property
    def slots(self) -> list[str]:
        """The slots that hold answers, in the order of asking."""
        return [name for name in required_slots(self.form) if name != CONFIRMED]

    def field(self, name: str | None) -> Field | None:
        """How the slot `name` is answered."""
        return next((field for field in self.fields if field.name == name), None)

    @abstractmethod
    def carry_out(self, case: Case, key: str, preview: bool) -> Awaitable[Any]:
        """Ask the service; it tells the figures with `preview`, acts without. Raises Refused, NotFound, SystemDown."""

    async def possible(self, case: Case) -> None:
        """Raise Refused as soon as order and item are known, when nothing the customer adds could help."""

    def ask_again(self, case: Case, rule: str) -> str | None:
        """The slot whose answer a refusal of `rule` is about; None when no other answer helps."""
        asked = set(required_slots(self.form)) - set(self.not_needed(case))
        return next((slot for slot in ASK_AGAIN.get(rule, ()) if slot in asked), None)

    async def so_far(self, case: Case) -> None:
        """Raise Refused when an answer is wrong already, while others are still open."""

    def not_needed(self, case: Case) -> Collection[str]:
        """The slots that do not matter with these answers; known for sure once they are reached."""
        return ()

    def for_person(self, case: Case) -> bool:
        """Whether only a person may go on, with what was collected."""
        return False

    def question_for(self, case: Case, plan: Any) -> str:
        """The response that confirms."""
        return self.question

    def done_for(self, case: Case, result: Any) -> str:
        """The response that tells what came of it."""
        return self.done

    def settled(self, said: Collection[str]) -> bool:
        return any(name.startswith(DONE) for name in said)

    def figures(self, case: Case, result: Any) -> dict[str, Any]:
        """The variables of both responses."""
        shown = figures_of(case.order) if case.order else {}
        if case.line:
            shown["goods"] = goods_of(case.line)
        words = in_words(result)
        return {**shown, **words, "ticket_no": words.get("no", "")}

    @staticmethod
    def words(result: Any, *names: str) -> dict[str, Any]:
        """Some figures of a part of the answer; a ticket's number is `ticket_no`."""
        found = in_words(result) if result is not None else {}
        return {name: found.get("no" if name == "ticket_no" else name, "") for name in names}

    @staticmethod
    def day(when: datetime | None) -> str:
        """The day of a moment, as 11月25日."""
        return day_of(when) if when else ""

    async def afterwards(self, dispatcher: CollectingDispatcher, case: Case, result: Any) -> None:
        """More to do once it is done, as storing photos."""

    def answers(self, tracker: Tracker) -> dict[str, Any]:
        """The answers as they are in the slots."""
        names = [*self.slots, *MORE]
        return {name: value for name in names if (value := tracker.get_slot(name)) is not None}

    async def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        """Act once on what the customer agreed to, whoever repeats it."""
        offer = tracker.get_slot("offer")
        slots = self.answers(tracker)
        if not isinstance(offer, dict) or offer.get("flow") != self.form or offer.get("values") != slots:
            return self._confirm_again()
        case = await open_case(tracker, slots)
        if case.order is None:  # the leave to use it ran out meanwhile
            return self._confirm_again()
        try:
            result = await self.carry_out(case, f"{self.form}:{offer['key']}", False)
        except Refused as refused:
            refuse(dispatcher, refused)
            return forget(tracker)
        except SystemDown:
            raise
        except ShopError:
            dispatcher.utter_message(response="utter_service_failed")
            return forget(tracker)
        dispatcher.utter_message(response=self.done_for(case, result), **self.figures(case, result))
        await self.afterwards(dispatcher, case, result)
        return forget(tracker)

    def _confirm_again(self) -> Events:
        return [SlotSet("offer", None), *go_back(self.form)]


# Slots beside those that a form asks for.
MORE = ("new_city", "note")
