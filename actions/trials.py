"""A/B tests in the actions: the variant a customer gets, told as an event where it is shown."""

import logging

from rasa_sdk import Tracker

from actions.access import access_of
from bot import experiments
from bot.experiments.definitions import Place
from bot.settings import SettingsError
from bot.shop import Access, SystemDown

logger = logging.getLogger(__name__)


async def variant_at(place: Place, tracker: Tracker, access: Access | None = None) -> str | None:
    """The value of the customer's variant at `place`, which counts as shown; None for the shop's usual way.

    A file that is being edited, a full disk or a CRM that is down must not keep anyone from an answer.
    """
    try:
        who = access or await access_of(tracker)
        customer = who.customer_id or f"{who.channel}/{who.account}"
        channel = tracker.get_latest_input_channel() or ""
        return experiments.expose(place, customer, tracker.sender_id, channel)
    except (SystemDown, SettingsError, OSError) as error:
        logger.warning("No experiment at %s: %s", place, error)
        return None
