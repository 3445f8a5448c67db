"""What customers make of offers, and what they wished for in vain."""

import logging
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.access import access_of
from actions.outreach import HESITATING, OFFERED, PRICED
from actions.turn import Turn
from bot.settings import get_settings
from bot.shop import ShopError
from bot.shop.adapters.running import answered
from bot.shop.outreach import react, remember_wish
from bot.shop.outreach.words import OFFER_ID

logger = logging.getLogger(__name__)


async def follow_offer(turn: Turn, heard: dict[str, Any]) -> list[dict[str, Any]]:
    """What this message makes of the conversation's offer, and whether it hesitates about a price."""
    tracker = turn.tracker
    hesitating = bool(tracker.get_slot(PRICED)) and heard.get("emotion", tracker.get_slot("emotion")) == "hesitant"
    events = [] if bool(tracker.get_slot(HESITATING)) == hesitating else [SlotSet(HESITATING, hesitating or None)]
    offered = tracker.get_slot(OFFERED)
    if not isinstance(offered, dict):
        return events
    clicked = any(e.get("entity") == OFFER_ID and e.get("value") == offered["id"] for e in turn.entities)
    if not clicked and (turn.answer not in ("no", "stop") or _last_said(tracker) != offered["response"]):
        return events
    try:
        access = await access_of(tracker)
        if access.customer_id:
            outcome = "clicked" if clicked else "declined"
            await answered("crm", react, get_settings().shop_url, offered["id"], access.customer_id, outcome)
    except ShopError as error:
        logger.warning("An offer's outcome is lost: %s", error)
    return events


async def remember_sold_out(tracker: Tracker, sku: str) -> None:
    """Remember that the customer asked for goods that are sold out, to tell them when they are back."""
    try:
        access = await access_of(tracker)
        if access.customer_id:
            await answered("crm", remember_wish, get_settings().shop_url, access, sku)
    except ShopError as error:
        logger.warning("A wish is lost: %s", error)


def _last_said(tracker: Tracker) -> str | None:
    """The response that the bot said last."""
    for event in reversed(tracker.events):
        if event.get("event") == "bot":
            return (event.get("metadata") or {}).get("utter_action")
    return None
