"""Complaints and suggestions become tickets; their numbers are told."""

import contextlib

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import Case, access_of, find
from actions.aftersale.tracking import said_at
from actions.answering import ShopAction, in_time
from actions.figures import in_words
from actions.memory import Events
from actions.phrases import phrase
from actions.turn import Turn
from bot.shop import SystemDown, Ticket
from bot.shop.adapters import systems

RESPONSES = {
    "complain_logistics": "utter_complain_logistics",
    "complain_quality": "utter_complain_quality",
    "give_suggestion": "utter_give_suggestion",
}


class TakeComplaint(ShopAction):
    """Writes the ticket and shows a way out; a way out is shown even when no ticket can be written."""

    def name(self) -> str:
        return "action_take_complaint"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        intent = Turn(tracker).intent
        number = await ticket_number(tracker, "suggestion" if intent == "give_suggestion" else "complaint")
        response = RESPONSES.get(intent, "utter_give_suggestion")
        dispatcher.utter_message(response=response, ticket=number)
        return []


async def ticket_number(tracker: Tracker, kind: str) -> str:
    """The words that name the new ticket and its promise; "" when after-sale is down."""
    with contextlib.suppress(SystemDown):
        tickets: list[Ticket] = []

        async def write() -> Events:
            tickets.append(await _open(tracker, kind))
            return []

        await in_time(tracker, write())
        words = in_words(tickets[0])
        promised = phrase("utter_part_promised", when=words["promised_at"]) if words["promised_at"] else ""
        return phrase("utter_part_ticket_no", ticket_no=tickets[0].no, promised=promised)
    return ""


async def _open(tracker: Tracker, kind: str) -> Ticket:
    case = Case(tracker, await access_of(tracker))
    order = await find(case.access, tracker.get_slot("current_order"))
    return await systems().after_sale.open_ticket(
        case.access, kind=kind, note=Turn(tracker).text, order_no=order.no if order else None,
        key=f"{kind}:{said_at(case)}",
    )  # fmt: skip
