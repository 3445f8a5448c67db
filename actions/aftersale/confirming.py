"""Yes, no or neither in a flow about an order: only what was shown may be agreed to."""

from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import Case
from actions.aftersale.going_on import go_on
from actions.aftersale.order_flow import ORDER, OrderFlow
from actions.aftersale.taking import CORRECTION, takes
from actions.aftersale.words import meaning, says
from actions.figures import terms
from actions.memory import CONFIRMED, TOLD, Events, end, leave
from actions.turn import Turn
from bot.shop import Refused


async def answer(flow: OrderFlow, turn: Turn, case: Case, dispatcher: CollectingDispatcher) -> Events:
    """Yes, no or neither, where nothing was named."""
    if turn.requested == CONFIRMED:
        if agrees(flow, turn):
            return await _accepted(flow, turn, case, dispatcher)
        if turn.answer == "no" or (takes(flow, turn) and meaning("wrong", turn.text) and turn.text):
            if turn.text and meaning("wrong", turn.text):
                return [SlotSet("offer", None), SlotSet("requested_slot", CORRECTION)]
            return leave()
    elif turn.requested == CORRECTION and turn.answer == "no":
        return leave()
    elif turn.answer == "no" and turn.requested == ORDER:
        dispatcher.utter_message(response="utter_number_where")
        return end(TOLD, flow.form)
    if turn.intent in flow.entries or (turn.answer and turn.requested != CONFIRMED):
        return [SlotSet(CONFIRMED, None)]  # the open question once more
    return []


def agrees(flow: OrderFlow, turn: Turn) -> bool:
    """Whether the message says yes to what the last question showed."""
    if turn.requested != CONFIRMED:
        return False
    return turn.answer == "yes" or (bool(turn.written) and says("agree", flow.form, turn.written))


async def _accepted(flow: OrderFlow, turn: Turn, case: Case, dispatcher: CollectingDispatcher) -> Events:
    """A yes to the offer that was shown; when its figures changed meanwhile it is shown anew."""
    offer = turn.tracker.get_slot("offer")
    if not isinstance(offer, dict) or offer.get("flow") != flow.form or offer.get("values") != dict(case.values):
        return await go_on(flow, case, dispatcher)
    try:
        plan = await flow.carry_out(case, offer["key"], True)
    except Refused:
        return [SlotSet(CONFIRMED, True)]  # done already, or refused: the resolution finds out, and acts once
    if terms(plan) != offer["terms"]:
        dispatcher.utter_message(response="utter_terms_changed")
        return await go_on(flow, case, dispatcher)
    return [SlotSet(CONFIRMED, True)]
