"""撤销售后申请: a ticket is taken back while nothing has been sent."""

import uuid
from collections.abc import Collection

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import access_of
from actions.aftersale.progress import TICKET
from actions.answering import FormQuestion, refuse
from actions.figures import CODES, title_of
from actions.flow import FlowResolution
from actions.memory import TOLD, Events, end, forget
from bot.shop import NotFound, Refused, Ticket
from bot.shop.adapters import systems

FORM = "withdraw_form"


class AskWithdraw(FormQuestion):
    """确认撤销吗？ for a ticket of this customer that can still be taken back."""

    def name(self) -> str:
        return "action_ask_withdraw_form_confirmed"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        access, number = await access_of(tracker), str(tracker.get_slot(TICKET))
        try:
            ticket = await systems().after_sale.withdraw(access, number, key="preview", preview=True)
        except NotFound:
            dispatcher.utter_message(response="utter_ticket_not_found")
            return end(TOLD, FORM)
        except Refused as refused:
            refuse(dispatcher, refused)
            return end(TOLD, FORM)
        dispatcher.utter_message(response="utter_confirm_withdraw", **_figures(ticket))
        offer = tracker.get_slot("offer")
        if isinstance(offer, dict) and (offer.get("flow"), offer.get("ticket")) == (FORM, ticket.no):
            return []
        return [SlotSet("offer", {"flow": FORM, "ticket": ticket.no, "key": uuid.uuid4().hex})]


class Withdraw(FlowResolution):
    """Takes back the ticket that was shown."""

    form = FORM
    done_by = frozenset({"utter_done_withdraw"})

    def name(self) -> str:
        return "action_withdraw"

    def settled(self, said: Collection[str]) -> bool:
        return "utter_done_withdraw" in said

    async def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        offer = tracker.get_slot("offer")
        if not isinstance(offer, dict) or offer.get("flow") != FORM:
            dispatcher.utter_message(response=self.left_response)
            return forget(tracker)
        try:
            ticket = await systems().after_sale.withdraw(
                await access_of(tracker), offer["ticket"], key=f"{FORM}:{offer['key']}"
            )
        except NotFound:
            dispatcher.utter_message(response="utter_ticket_not_found")
        except Refused as refused:
            refuse(dispatcher, refused)
        else:
            dispatcher.utter_message(response="utter_done_withdraw", **_figures(ticket))
        return forget(tracker)


def _figures(ticket: Ticket) -> dict[str, str]:
    kind = CODES["ticket_kind"][ticket.kind]
    return {"kind": kind, "ticket_no": ticket.no, "goods": title_of(ticket.sku) if ticket.sku else ""}
