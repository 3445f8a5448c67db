"""What to do with a message that was not understood: ask back once, then hand over with everything collected."""

import json
import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, FollowupAction, SlotSet, UserUttered
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import plain, read_choice
from actions.handover import HandOver
from actions.inform import Inform, open_topic
from actions.knowledge import NEAR, consult, note, offer_near
from actions.memory import Events
from actions.second_source import say_rule
from actions.turn import AGAIN, ASKED_BACK, ASKING_BACK, UNCLEAR_TEXTS, Turn, said_before
from bot.nlu.taxonomy import Taxonomy, load_taxonomy
from bot.settings import get_settings

SHOWN = 2
# Of small talk nobody is asked whether they meant it; 转人工 is the one exception.
TALK, PERSON = "other", "request_human"

logger = logging.getLogger(__name__)


class AskBack(Action):
    """Runs for a message below the confidence threshold, and for an answer to its own question that is no choice."""

    def name(self) -> str:
        return "action_ask_back"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn(tracker)
        asked = tracker.get_slot(ASKED_BACK)
        if asked:
            return await self._answered(turn, asked, dispatcher, domain)
        if not tracker.active_loop_name and open_topic(tracker):
            return await Inform().run(dispatcher, tracker, domain)  # it names what the bot has asked for
        consulted = await consult(tracker, turn.text)
        if await say_rule(dispatcher, consulted, likeliest(turn)):  # inside a flow the form asks its question again
            return [SlotSet(UNCLEAR_TEXTS, None)]
        intents = [] if tracker.active_loop_name else worth_asking(turn)
        # Near questions are no failure to understand, unless those offered just before were not the right ones.
        if not intents and NEAR not in said_before(tracker) and await offer_near(dispatcher, consulted):
            return []
        unclear = [*(tracker.get_slot(UNCLEAR_TEXTS) or []), turn.text]
        if len(unclear) >= get_settings().operations.confidence.failures_before_handoff:
            return await self._give_up(unclear, dispatcher, tracker, domain)
        if tracker.active_loop_name:
            if len(unclear) > 1:
                return await self._give_up(unclear, dispatcher, tracker, domain)
            dispatcher.utter_message(response="utter_unclear_in_flow")  # the form asks its question again
            return [SlotSet(UNCLEAR_TEXTS, unclear)]
        if not intents:
            dispatcher.utter_message(response="utter_rephrase")
            return [SlotSet(UNCLEAR_TEXTS, unclear)]
        await note(consulted)
        _ask(dispatcher, turn, intents)
        message = {"text": turn.text, "entities": turn.entities, "metadata": turn.metadata, "intents": intents}
        return [SlotSet(UNCLEAR_TEXTS, unclear), SlotSet(ASKED_BACK, message), SlotSet(ASKING_BACK, True)]

    async def _answered(
        self, turn: Turn, asked: dict[str, Any], dispatcher: CollectingDispatcher, domain: dict[str, Any]
    ) -> Events:
        """The answer to the question that was asked back, when it is no button."""
        chosen = choice(turn, asked["intents"])
        if chosen:
            return [SlotSet(UNCLEAR_TEXTS, None), *_again(turn, asked, chosen)]
        if turn.intent == "inform" and read_choice(turn.written) is None:
            return await Inform().run(dispatcher, turn.tracker, domain)
        if turn.answer == "stop":
            dispatcher.utter_message(response="utter_deny")
            return [SlotSet(UNCLEAR_TEXTS, None)]
        if await say_rule(dispatcher, await consult(turn.tracker, turn.written), likeliest(turn)):
            return [SlotSet(UNCLEAR_TEXTS, None)]
        unclear = [*(turn.tracker.get_slot(UNCLEAR_TEXTS) or [asked["text"]]), turn.written]
        return await self._give_up(unclear, dispatcher, turn.tracker, domain)

    async def _give_up(
        self, unclear: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        handed_over = await HandOver(unclear).run(dispatcher, tracker, domain)
        return [SlotSet(UNCLEAR_TEXTS, None), *handed_over]


class DefaultFallback(AskBack):
    """Rasa runs it where no rule or story applies, as for an empty message, which has no intent."""

    def name(self) -> str:
        return "action_default_fallback"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        if _already_acted(tracker):
            logger.warning("No rule or story goes on after %s", tracker.latest_action_name)
            return [FollowupAction("action_listen")]
        events = await super().run(dispatcher, tracker, domain)
        stays = tracker.active_loop_name and not any(event.get("name") == "handover" for event in events)
        # Without a rule Rasa would come here again and again.
        return [*events, FollowupAction(tracker.active_loop_name if stays else "action_listen")]


def _already_acted(tracker: Tracker) -> bool:
    for event in reversed(tracker.events):
        if event.get("event") == "action":
            # A form that rejected the message has not acted.
            return event.get("name") not in ("action_listen", tracker.active_loop_name)
    return False


def likeliest(turn: Turn) -> str:
    """The intent that comes nearest, however unsure."""
    return next((name for name, _ in turn.guesses), "")


def worth_asking(turn: Turn) -> list[str]:
    """The two likeliest intents that a customer could be asked about; none where even the best is mere guessing."""
    if not plain(turn.text):
        return []  # punctuation, emoji or nothing
    base_of = load_taxonomy().base_of
    guesses = [(name, sure) for name, sure in turn.guesses if base_of.get(name, TALK) != TALK or name == PERSON]
    if not guesses or guesses[0][1] < get_settings().operations.confidence.worth_asking:
        return []
    return [name for name, _ in guesses[:SHOWN]]


def choice(turn: Turn, intents: list[str]) -> str | None:
    """Which of `intents` the written words choose: by title, by place, or by yes (the likeliest)."""
    by_title = {plain(load_taxonomy().titles[intent]): intent for intent in intents}
    if plain(turn.written) in by_title:
        return by_title[plain(turn.written)]
    place = read_choice(turn.written)
    if place is not None:
        return intents[place] if place < len(intents) else None
    return intents[0] if turn.answer == "yes" else None


def _ask(dispatcher: CollectingDispatcher, turn: Turn, intents: list[str]) -> None:
    taxonomy: Taxonomy = load_taxonomy()
    payload = _payload_of_entities(turn)
    variables: dict[str, str] = {}
    for place, intent in zip(("first", "second"), intents, strict=False):
        variables |= {place: taxonomy.titles[intent], f"{place}_payload": f"/{intent}{payload}"}
    dispatcher.utter_message(response="utter_ask_back" if len(intents) > 1 else "utter_ask_back_one", **variables)


def _payload_of_entities(turn: Turn) -> str:
    """The entities as a payload carries them, so that slots filled from entities get them from the button too."""
    found: dict[str, list[Any]] = {}
    for entity in turn.entities:
        found.setdefault(entity["entity"], []).append(entity["value"])
    return json.dumps(found, ensure_ascii=False) if found else ""


def _again(turn: Turn, asked: dict[str, Any], intent: str) -> Events:
    """The earlier message once more, now understood as `intent`, as Rasa's two-stage fallback does it."""
    meant = {"name": intent, "confidence": 1.0}
    parsed = {"text": asked["text"], "intent": meant, "intent_ranking": [meant], "entities": asked["entities"]}
    parsed |= {"metadata": asked["metadata"], AGAIN: True}
    channel = turn.tracker.get_latest_input_channel()
    return [ActionExecuted("action_listen"), UserUttered(asked["text"], parsed, input_channel=channel)]
