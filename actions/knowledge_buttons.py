"""The buttons under answers of the knowledge base: 有用, 没用, and a question chosen from near ones."""

import asyncio
import logging

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.exc import SQLAlchemyError

from actions.knowledge import ASKED, ENTRY, HELPFUL, say_entry
from bot import knowledge
from bot.settings import get_settings

logger = logging.getLogger(__name__)


async def pressed_button(dispatcher: CollectingDispatcher, tracker: Tracker) -> bool:
    """Answer a button of the knowledge base's own answers; whether the message is one."""
    pressed = {e["entity"]: str(e["value"]) for e in tracker.latest_message.get("entities") or []}
    asked = int(pressed.get(ASKED, "")) if pressed.get(ASKED, "").isdecimal() else 0
    if HELPFUL in pressed:
        await _judged(dispatcher, tracker, asked, pressed[HELPFUL] == "useful")
    elif ENTRY in pressed:
        await _chosen(dispatcher, tracker, asked, pressed[ENTRY])
    return HELPFUL in pressed or ENTRY in pressed


async def _judged(dispatcher: CollectingDispatcher, tracker: Tracker, asked: int, helpful: bool) -> None:
    url = get_settings().knowledge_url
    try:
        await asyncio.to_thread(knowledge.note_helpful, url, tracker.sender_id, asked, helpful)
    except SQLAlchemyError as error:
        logger.warning("Whether an answer helped was not kept: %s", error)
    dispatcher.utter_message(response="utter_knowledge_useful" if helpful else "utter_knowledge_useless")


async def _chosen(dispatcher: CollectingDispatcher, tracker: Tracker, asked: int, entry_id: str) -> None:
    url = get_settings().knowledge_url
    try:
        entry = await asyncio.to_thread(knowledge.find_entry, url, entry_id)
        if entry:
            await asyncio.to_thread(knowledge.note_chosen, url, tracker.sender_id, asked, entry_id)
    except SQLAlchemyError as error:
        logger.warning("The chosen entry cannot be read: %s", error)
        entry = None
    if entry is None or not await say_entry(dispatcher, entry, asked):
        dispatcher.utter_message(response="utter_knowledge_gone")
