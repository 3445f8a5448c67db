"""Calling a person: into the desk's queue, or onto a ticket where nobody is there."""

import asyncio
import logging
import math
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker
from sqlalchemy.exc import SQLAlchemyError

from actions.phrases import moment, phrase
from actions.turn import Turn
from bot import clock, conversations
from bot.conversations import FRESH_SECONDS, Request, Store, Wait
from bot.conversations.customer import Known, known_customer
from bot.nlu.taxonomy import load_taxonomy
from bot.phrases import duration
from bot.settings import get_settings

COMPLAINT, OTHER = "complaint", "other"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Called:
    """What may be told: the `wait` in words ("" where it is not known), `nobody` is there, or the call `failed`."""

    wait: str = ""
    nobody: bool = False
    failed: bool = False


async def call_person(tracker: Tracker, note: dict[str, Any]) -> Called:
    """Ask the desk for a person for this conversation; asked again nothing changes.

    In a channel that the desk cannot answer in (REST) there is nobody to ask: nothing is known then.
    """
    return await asyncio.to_thread(_call, tracker, note)


async def tell_mood(tracker: Tracker, emotion: str, score: int) -> None:
    """Let the desk know how the customer feels, for the curve and the alerts; nothing where it does not know her."""
    chat, _, number = str(tracker.latest_message.get("message_id") or "").rpartition("-")
    if chat == tracker.sender_id and number.isdigit():
        low = get_settings().operations.emotion.handoff_score
        try:
            await asyncio.to_thread(
                conversations.feel, conversations.current_store(), chat, int(number), emotion, score, low
            )
        except (LookupError, SQLAlchemyError):  # the answer matters more
            logger.warning("The desk could not be told the mood of %s", chat, exc_info=True)


def _call(tracker: Tracker, note: dict[str, Any]) -> Called:
    store = conversations.current_store()
    try:
        place = conversations.account_of(store, tracker.sender_id)
        if place is None:
            return Called()
        request = _request(category_of(tracker), note, _known(*place))
        wait = conversations.expected_wait(store, priority=request.priority, fresh_seconds=FRESH_SECONDS)
        if wait.online:
            conversations.request_person(store, tracker.sender_id, request)
            return Called(wait=_in_words(wait))
        return _leave(store, tracker.sender_id, request)
    except SQLAlchemyError:  # a broken desk must not break the conversation
        logger.exception("The desk could not be asked for a person")
        return Called(failed=True)


def _request(category: str, note: dict[str, Any], known: Known) -> Request:
    desk = get_settings().operations.desk
    return Request(
        note["reason"],
        category,
        note,
        priority=max(desk.priority.get(category, 0), desk.priority.get("vip", 0) if known.vip else 0),
        vip=known.vip,
        wanted_agent=desk.vip_agents.get(known.customer.id) if known.customer else None,
        answer_seconds=desk.answer_within.get(category),
    )


def _leave(store: Store, conversation_id: str, request: Request) -> Called:
    if conversations.owner_of(store, conversation_id) == "bot":
        conversations.open_ticket(store, conversation_id, request)
    return Called(nobody=True)


def _known(channel: str, account: str) -> Known:
    try:
        return known_customer(get_settings().shop_url, channel, account)
    except SQLAlchemyError:  # a person is called all the same
        logger.exception("The shop could not be asked who writes")
        return Known()


def category_of(tracker: Tracker) -> str:
    """The category for routing: a complaint, else what the conversation was about last."""
    base_of = load_taxonomy().base_of
    now = tracker.get_slot("base_intent") or base_of.get(Turn(tracker).intent)
    if now and now != OTHER:
        return str(now)
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            intent = str(((event.get("parse_data") or {}).get("intent") or {}).get("name"))
            if base_of.get(intent, OTHER) != OTHER:
                return base_of[intent]
    return OTHER


def opening() -> str:
    """When people work again, "" while they should be working now."""
    desk, here = get_settings().operations.desk, clock.local(clock.now())
    next_opening = None if desk.is_open(here) else desk.next_opening(here)
    return "" if next_opening is None else phrase("utter_part_opening", time=moment(next_opening))


def _in_words(wait: Wait) -> str:
    return phrase("utter_part_wait", wait=duration(wait.seconds)) if math.isfinite(wait.seconds) else ""
