"""What the customer asks about themselves: what is kept of them, to erase it, no offers or offers again."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from rasa_sdk import Tracker
from rasa_sdk.events import AllSlotsReset, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.access import access_of
from actions.answering import ShopAction
from actions.flow import FlowResolution
from actions.knowledge import consult, offer_near, say_answer
from actions.memory import Events
from actions.outreach import OFFERED
from actions.phrases import phrase
from actions.turn import Turn
from bot.settings import get_settings
from bot.shop import Access
from bot.shop.adapters.running import answered, asked
from bot.shop.outreach import react, set_offers
from bot.shop.privacy import Remembered, check_erasable, erase, remembered

REQUEST = "account_request"
T = TypeVar("T")
# How each kind of memory is told; a room that joins adds its kinds here and in domain.yml.
TOLD = {
    "person": "utter_part_remembered_person",
    "accounts": "utter_part_remembered_accounts",
    "orders": "utter_part_remembered_orders",
    "address": "utter_part_remembered_address",
    "segment": "utter_part_remembered_segment",
    "tickets": "utter_part_remembered_tickets",
    "photos": "utter_part_remembered_photos",
    "invoices": "utter_part_remembered_invoices",
    "coupons": "utter_part_remembered_coupons",
    "offers": "utter_part_remembered_offers",
    "wishes": "utter_part_remembered_wishes",
    "offers_on": "utter_part_remembered_offers_on",
    "offers_off": "utter_part_remembered_offers_off",
    "chat": "utter_part_remembered_chat",
}


class OutOfScope(ShopAction):
    """Requests about the own account, marked by the words or the button; anything else is not the shop's business."""

    def name(self) -> str:
        return "action_out_of_scope"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        request = next((e.get("value") for e in Turn(tracker).entities if e.get("entity") == REQUEST), None)
        if request == "show_data":
            return await _show(dispatcher, tracker)
        if request == "erase_data":
            return await _begin_to_erase(tracker)
        if request in ("stop_offers", "resume_offers"):
            return await _switch_offers(dispatcher, tracker, on=request == "resume_offers")
        consulted = await consult(tracker, Turn(tracker).text)
        if not (await say_answer(dispatcher, consulted) or await offer_near(dispatcher, consulted)):
            dispatcher.utter_message(response="utter_out_of_scope")
        return []


class EraseData(FlowResolution):
    """Erases what was asked for and confirmed."""

    form, left_response = "erase_form", "utter_erase_left"

    def name(self) -> str:
        return "action_erase_data"

    async def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        await _in_all_rooms(erase, await access_of(tracker))
        dispatcher.utter_message(response="utter_erased")
        return [AllSlotsReset()]


async def _in_all_rooms(function: Callable[[str, Access], T], access: Access) -> T:
    url = get_settings().shop_url
    return await asked("crm", url, partial(function, url, access), brief=False)


async def _show(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    access = await access_of(tracker)
    found = await _in_all_rooms(remembered, access)
    dispatcher.utter_message(response="utter_remembered", things="\n".join(map(_told, found)))
    return []


def _told(thing: Remembered) -> str:
    return phrase(TOLD[thing.kind], **thing.figures)


async def _begin_to_erase(tracker: Tracker) -> Events:
    """Ask only those who can have it."""
    access = await access_of(tracker)
    await _in_all_rooms(check_erasable, access)
    return [FollowupAction("erase_form")]


async def _switch_offers(dispatcher: CollectingDispatcher, tracker: Tracker, on: bool) -> Events:
    access: Access = await access_of(tracker)
    url = get_settings().shop_url
    if access.customer_id:
        await answered("crm", set_offers, url, access.customer_id, on)
        offered = tracker.get_slot(OFFERED)
        if offered and not on:
            await answered("crm", react, url, offered["id"], access.customer_id, "declined")
    dispatcher.utter_message(response="utter_offers_on" if on else "utter_offers_off")
    # For this conversation it holds for guests as well, of whom nothing is kept.
    return [] if on or tracker.get_slot(OFFERED) else [SlotSet(OFFERED, {"id": "", "response": ""})]
