"""What all answers before a purchase share: ask once for what is missing, remember it, go on when it comes."""

from abc import abstractmethod
from typing import Any, ClassVar, Literal

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import ShopAction, ask_shop
from actions.cards import SHOWN, cards, product_buttons, suggestions
from actions.knowledge import consult, offer_near
from actions.memory import Events
from actions.presale.question import TOPIC, Question, read_question
from actions.second_source import say_rule
from actions.turn import Turn
from bot.shop import Refused

Lack = Literal["product", "city", "both"]
# Replies of the data that leave the question open.
DEAD_ENDS = frozenset({"utter_product_info_instead", "utter_origin_unknown"})
ASKING = {"product": "utter_which_product", "city": "utter_which_city", "both": "utter_which_product_and_city"}


class PresaleAnswer(ShopAction):
    """The answer to one intent; `tell` says it, or says in general what holds and returns what it lacks."""

    intent: ClassVar[str]
    rules: ClassVar[bool] = True  # whether there are rules of the shop that the data does not hold although it knows

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        question = await ask_shop(read_question, tracker, self.intent)
        place = question.place
        knows = await self.knows(question)
        settled = question.waiting or (knows and not self.rules)
        consulted = None if settled else await consult(tracker, Turn(tracker).text)
        lack: Lack | None = None if knows else "product"
        if not await say_rule(dispatcher, consulted, self.intent if knows else None):
            lack = await self.tell(dispatcher, question)
            if lack:
                await ask_shop(self.ask, dispatcher, question, lack)
            if DEAD_ENDS & {message.get("response") for message in dispatcher.messages}:
                await offer_near(dispatcher, consulted)
        topic = {"name": self.intent, "text": question.text, **self.note(question)} if lack else None
        waits = [] if tracker.active_loop_name else [SlotSet(TOPIC, topic)]
        return [*question.remembered(place), *waits]

    async def knows(self, question: Question) -> bool:
        """Whether the shop's data holds for what is asked; where it does not, an entry of the knowledge base may."""
        return question.product is not None

    @abstractmethod
    async def tell(self, dispatcher: CollectingDispatcher, question: Question) -> Lack | None:
        """Say what can be said; what the customer should add for a better answer."""

    def ask(self, dispatcher: CollectingDispatcher, question: Question, lack: Lack) -> None:
        """Ask for what is missing."""
        ask_for(dispatcher, question, lack)

    def note(self, question: Question) -> dict[str, Any]:
        """What a question that waits has to keep beside its words."""
        return {}

    async def keep(self, tracker: Tracker) -> Events:
        """The goods and the place stay known when a system is down or the place is refused."""
        question = await ask_shop(read_question, tracker, self.intent)
        try:
            place = question.place
        except Refused:
            place = None
        return question.remembered(place)


def ask_for(dispatcher: CollectingDispatcher, question: Question, lack: Lack) -> None:
    """Ask for what is missing, with products as buttons where one is; a form that runs asks its own question."""
    if question.tracker.active_loop_name and dispatcher.messages:
        return
    if question.tracker.active_loop_name or lack == "city":
        dispatcher.utter_message(response=ASKING[lack])
        return
    ids = suggestions(question.catalogue, question.url, question.text, question.wish.attributes)[:SHOWN]
    products = [question.catalogue.products[i] for i in ids]
    dispatcher.utter_message(
        response=ASKING[lack], buttons=product_buttons(products), json_message=cards(question.url, ids)
    )
