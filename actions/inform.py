"""A fact without a request: it answers the question that is still open, or begins the stock flow."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.photos import photos_of
from actions.aftersale.tracking import CheckOrder
from actions.heard import listen
from actions.memory import Events
from actions.presale import ANSWERS
from actions.presale.question import TOPIC
from actions.turn import Turn
from actions.words import abroad_in
from bot.settings import get_settings
from bot.shop import current_catalogue


class Inform(Action):
    """Takes what the customer tells outside of a form's question."""

    def name(self) -> str:
        return "action_inform"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        if tracker.active_loop_name:
            dispatcher.utter_message(response="utter_noted")
            return []
        if photos_of(Turn(tracker).metadata):
            dispatcher.utter_message(response="utter_channel_image")
            return []
        if any(e.get("entity") == "order_number" for e in Turn(tracker).entities):
            return await CheckOrder().run(dispatcher, tracker, domain)
        name = open_topic(tracker)
        if name:
            return await ANSWERS[name]().run(dispatcher, tracker, domain)
        heard = listen(Turn(tracker), current_catalogue(get_settings().shop_url))
        if heard.names_goods:
            return [SlotSet(TOPIC, None), FollowupAction("stock_form")]
        dispatcher.utter_message(response="utter_inform")
        return [SlotSet("city", heard.city)] if heard.city else []


def open_topic(tracker: Tracker) -> str | None:
    """The question that waits for what this message names: goods or a place."""
    name = (tracker.get_slot(TOPIC) or {}).get("name")
    if name not in ANSWERS:
        return None
    turn = Turn(tracker)
    heard = listen(turn, current_catalogue(get_settings().shop_url))
    names = heard.names_goods or heard.city or heard.province or abroad_in(turn.text)
    return str(name) if names else None
