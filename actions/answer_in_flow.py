"""An after-sale question in the middle of an order: a short general answer, and the order goes on."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asks
from actions.knowledge import consult, say_answer
from actions.memory import Events
from actions.turn import Turn


class AnswerInFlow(Action):
    """Says the entry that surely answers, else utter_about_<intent>."""

    def name(self) -> str:
        return "action_answer_in_flow"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn(tracker)
        if asks(turn.text) and await say_answer(dispatcher, await consult(tracker, turn.text)):
            return []
        dispatcher.utter_message(response=f"utter_about_{turn.intent}")
        dispatcher.utter_message(response="utter_order_first")
        return []
