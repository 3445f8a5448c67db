"""Answers from the knowledge base: an entry with its source, or near misses as buttons."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.exc import SQLAlchemyError

from actions.answers import plain
from actions.cards import Button
from actions.phrases import phrase
from bot import knowledge
from bot.brief import run_brief
from bot.clock import local
from bot.knowledge import Entry, FieldError, Found, Shop, current_index, fill, search
from bot.knowledge.said import live_words
from bot.nlu.encoder import EncoderError
from bot.settings import get_settings
from bot.shop import ShopError

# What the buttons carry; domain.yml names them as entities.
ENTRY, ASKED, HELPFUL = "faq_entry", "faq_asked", "faq_helpful"
NEAR = "utter_knowledge_near"
_CARRIER = "usage_help"  # the intent whose action also takes these buttons

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Consulted:
    """What a question found."""

    text: str
    conversation: str
    found: Found

    @property
    def best(self) -> Entry | None:
        """The entry that surely answers it."""
        return self.found.best


async def consult(tracker: Tracker, text: str) -> Consulted | None:
    """Look `text` up; None when there is nothing to ask or no knowledge base."""
    if not plain(text):
        return None
    settings = get_settings()
    try:
        index = current_index(settings.knowledge_url, settings.shop_url)
        ask = partial(search, index, text)
        # In a thread while the index may have to be renewed, which takes long.
        found = await (run_brief(ask, index.url, index.shop_url) if index.checked else asyncio.to_thread(ask))
        return Consulted(text, tracker.sender_id, found)
    except (SQLAlchemyError, EncoderError, ShopError) as error:
        logger.warning("The knowledge base cannot be asked: %s", error)
        return None


async def note(consulted: Consulted | None) -> int:
    """Keep the question for the heat map; its number there, 0 when it was not kept.

    Of questions that the shop's own data answers nothing is kept: no entry is missing for them.
    """
    if consulted is None:
        return 0
    url = get_settings().knowledge_url
    try:
        asked = consulted.conversation, consulted.text, consulted.found
        return await run_brief(partial(knowledge.note_asked, url, *asked), url)
    except SQLAlchemyError as error:
        logger.warning("A question was not kept: %s", error)
        return 0


async def say_answer(
    dispatcher: CollectingDispatcher, consulted: Consulted | None, more: Sequence[Button] = ()
) -> bool:
    """Say the entry that answers, with `more` buttons; whether there is one."""
    if consulted is None or consulted.best is None:
        return False
    return await say_entry(dispatcher, consulted.best, await note(consulted), more)


async def say_entry(
    dispatcher: CollectingDispatcher, entry: Entry, asked: int = 0, more: Sequence[Button] = ()
) -> bool:
    """Say an entry with today's figures and its source; whether its figures could be filled."""
    try:
        answer = await run_brief(partial(_filled, entry), get_settings().shop_url)
    except (FieldError, SQLAlchemyError) as error:
        logger.error("Entry %s cannot be said: %s", entry.id, error)
        return False
    day = local(entry.update_time)
    source = phrase("utter_part_source", question=entry.question, month=day.month, day=day.day)
    titles = {"useful": phrase("utter_part_useful"), "useless": phrase("utter_part_useless")}
    judge = [button(title, {ASKED: str(asked), HELPFUL: value}) for value, title in titles.items()] if asked else []
    dispatcher.utter_message(response="utter_knowledge", answer=answer, source=source, buttons=[*more, *judge])
    return True


async def offer_near(dispatcher: CollectingDispatcher, consulted: Consulted | None) -> bool:
    """Offer the nearest questions as buttons; whether there are any."""
    asked = await note(consulted)
    if consulted is None or consulted.found.outcome == "none":
        return False
    shown = consulted.found.entries[: get_settings().operations.knowledge.offered]
    buttons = [button(entry.question, {ENTRY: entry.id, ASKED: str(asked)}) for entry in shown]
    dispatcher.utter_message(response=NEAR, buttons=buttons)
    return True


def note_hand_over(tracker: Tracker) -> None:
    """Tell the heat map that a person took over; a knowledge base that is down must not keep anyone from a person."""
    try:
        knowledge.note_hand_over(get_settings().knowledge_url, tracker.sender_id)
    except SQLAlchemyError as error:
        logger.warning("The hand-over was not noted in the knowledge base: %s", error)


def button(title: str, values: dict[str, str]) -> Button:
    """A button that tells the knowledge base `values`."""
    return {"title": title, "payload": f"/{_CARRIER}{json.dumps(values, ensure_ascii=False)}"}


def _filled(entry: Entry) -> str:
    return fill(entry.answer, Shop.now(get_settings().shop_url), live_words())
