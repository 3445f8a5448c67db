"""A system is down: a number for a call-back, with all that was collected; or once more, or a person."""

import re
import unicodedata

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.access import account_of
from actions.answering import CALLBACK_FORM, name_of
from actions.collected import collected, in_words
from actions.flow import FlowValidation
from actions.memory import DOWN, TOLD, Events, ending, forget, leave
from actions.phrases import moment, phrase
from actions.turn import ANSWER_INTENTS, Turn
from bot.shop import Access, Refused, SystemDown
from bot.shop.adapters import leave_callback

PHONE = "callback_phone"
_DIGITS = re.compile(r"\d[\d\s-]{6,16}\d")


class AskCallback(Action):
    """系统暂时连不上……留个手机号，我们给您回电。"""

    def name(self) -> str:
        return "action_ask_callback_phone"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: object) -> Events:
        why = ending(tracker, DOWN) or {}
        intent = str(why.get("intent") or "")
        buttons = [{"title": phrase("utter_part_try_again"), "payload": f"/{intent}"}] if intent else []
        dispatcher.utter_message(
            response="utter_ask_callback", system=name_of(str(why.get("system") or "turn")), buttons=buttons
        )
        return []


class ValidateCallbackForm(FlowValidation):
    """Takes the phone number; anything else that is asked ends the offer."""

    form, soft = CALLBACK_FORM, True

    def name(self) -> str:
        return "validate_callback_form"

    def read(self, turn: Turn, dispatcher: CollectingDispatcher) -> Events:
        if turn.activating:
            return [SlotSet(PHONE, None)]
        number = _DIGITS.search(unicodedata.normalize("NFKC", turn.written))
        if number:
            digits = re.sub(r"\D", "", number.group())
            if re.fullmatch(r"1\d{10}", digits, re.ASCII):
                return [SlotSet(PHONE, digits)]
            dispatcher.utter_message(response="utter_refused_callback_phone")
            return [SlotSet(PHONE, None)]
        if turn.answer == "no":
            return leave()
        agrees = turn.answer == "yes" and turn.intent in ANSWER_INTENTS  # 帮我下单 is another try
        return [SlotSet(PHONE, None)] if agrees else []


class LeaveCallback(Action):
    """Keeps the call-back in the shop's own database, which may be up while the system is down."""

    def name(self) -> str:
        return "action_leave_callback"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: object) -> Events:
        phone, why = tracker.get_slot(PHONE), ending(tracker, DOWN)
        if ending(tracker, TOLD):
            return forget(tracker)
        if not phone or why is None:
            dispatcher.utter_message(response="utter_flow_left")
            return forget(tracker)
        access = Access(*await account_of(tracker))
        note = phrase(
            "utter_part_callback_note", text=why.get("text", ""), items="；".join(in_words(collected(tracker)))
        )
        try:
            ticket = await leave_callback(access, phone=phone, note=note, key=f"callback:{why.get('id')}")
        except (Refused, SystemDown):
            dispatcher.utter_message(response="utter_callback_failed")
            return forget(tracker)
        when = moment(ticket.promised_at) if ticket.promised_at else ""
        dispatcher.utter_message(response="utter_callback_left", phone=phone, ticket_no=ticket.no, promised_at=when)
        return forget(tracker)
