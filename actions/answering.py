"""Actions that ask the shop: what all of them do when a system is down, too slow, or a rule says no."""

import asyncio
import inspect
import logging
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.figures import in_words
from actions.memory import CONFIRMED, DOWN, ENDING, Events, end
from actions.phrases import phrase
from actions.turn import Turn
from bot.settings import get_settings
from bot.shop import Refused, SystemDown
from bot.shop.adapters.running import asked

CALLBACK_FORM = "callback_form"
SECONDS = 3.0  # a turn's patience with the shop's systems, and the least that an action late in the turn still gets
LEAST_SECONDS = 0.5
LONGEST_TURN = 90.0  # seconds for which Rasa calls an action again that is away (bot/runtime/patience.py)
T = TypeVar("T")

logger = logging.getLogger(__name__)


class ShopAction(Action, ABC):
    """`act` may raise Refused and SystemDown at any place: then its half answer is not said, but the reason is."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        said = CollectingDispatcher()
        try:
            events = await in_time(tracker, self.act(said, tracker))
        except SystemDown as error:
            return [*await self._kept(tracker), *self.broken(dispatcher, tracker, error)]
        except Refused as refused:
            refuse(dispatcher, refused)
            return await self._kept(tracker)
        dispatcher.messages.extend(said.messages)
        return events

    @abstractmethod
    def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | Awaitable[Events]:
        """Do it, say it, and return the events for Rasa."""

    def broken(self, dispatcher: CollectingDispatcher, tracker: Tracker, error: SystemDown) -> Events:
        """What to do when a system is down."""
        return down(dispatcher, tracker, error.system)

    async def keep(self, tracker: Tracker) -> Events:
        """What is kept of a message that could not be answered; SystemDown may pass."""
        return []

    async def _kept(self, tracker: Tracker) -> Events:
        try:
            return await in_time(tracker, self.keep(tracker))
        except SystemDown:
            return []


class FormQuestion(ShopAction):
    """A question inside a form; a breakdown ends the form as the pattern says."""

    def broken(self, dispatcher: CollectingDispatcher, tracker: Tracker, error: SystemDown) -> Events:
        return end(DOWN, str(tracker.active_loop_name), system=error.system)


async def ask_shop(function: Callable[..., T], *args: Any, **values: Any) -> T:
    """`function(*args, **values)` on the shop's own database.

    Raises:
        SystemDown: it does not answer in time.
    """
    return await asked("shop", get_settings().shop_url, partial(function, *args, **values))


async def in_time(tracker: Tracker, work: Events | Awaitable[Events]) -> Events:
    """What `work` gives, within what is left of the turn.

    Raises:
        SystemDown: a system is down, or all of them together were too slow.
    """
    if not inspect.isawaitable(work):
        return work
    try:
        return await asyncio.wait_for(work, seconds_left(tracker))
    except asyncio.TimeoutError:
        raise SystemDown("turn", "超时") from None


def seconds_left(tracker: Tracker) -> float:
    """How long an action may still wait for the shop's systems, counted from the customer's message.

    No turn takes longer than Rasa waits for an action: if it seems to, the clock has been set meanwhile.
    """
    said = next((e.get("timestamp") for e in reversed(tracker.events) if e.get("event") == "user"), None)
    spent = time.time() - float(said) if said else 0.0
    if spent > LONGEST_TURN:
        spent = 0.0
    return min(SECONDS, max(LEAST_SECONDS, SECONDS - spent))


def down(
    dispatcher: CollectingDispatcher, tracker: Tracker, system: str, flow: str | None = None, intent: str | None = None
) -> Events:
    """`system` is down: offer a call-back and keep what was collected; inside another flow just say so.

    `intent` begins what the customer wanted once more; by default that of the message.
    """
    logger.warning("The system %s is down for %s", system, flow or Turn(tracker).intent)
    if tracker.active_loop_name and flow is None:
        dispatcher.utter_message(response="utter_system_down", system=name_of(system))
        return []
    turn = Turn(tracker)
    again = turn.intent if intent is None else intent
    why = {"kind": DOWN, "flow": flow, "system": system, "intent": again, "text": turn.written[:200]}
    why["id"] = uuid.uuid4().hex
    return [SlotSet(ENDING, why), SlotSet(CONFIRMED, None), FollowupAction(CALLBACK_FORM)]


def name_of(system: str) -> str:
    """What customers call a system."""
    return phrase(f"utter_part_system_{system}")


def refuse(dispatcher: CollectingDispatcher, refused: Refused) -> None:
    """Tell which rule refused, with its figures; the response's buttons offer the next step."""
    dispatcher.utter_message(response=f"utter_refused_{refused.rule}", **in_words(refused.figures))
