"""A fact without a request: it answers the question that is still open, or begins the stock flow."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.flow import Events
from actions.heard import listen
from actions.presale import TOPICS, wish_of
from actions.turn import Turn
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
        if not listen(Turn(tracker), current_catalogue(get_settings().shop_url)).names_goods:
            dispatcher.utter_message(response="utter_inform")
            return []
        topic = tracker.get_slot("topic")
        if topic in TOPICS and TOPICS[topic](dispatcher, wish_of(tracker)):
            return [SlotSet("topic", None)]
        return [SlotSet("topic", None), FollowupAction("stock_form")]
