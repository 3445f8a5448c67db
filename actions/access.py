"""Who writes, as the channel says."""

import logging
from functools import partial

from rasa_sdk import Tracker
from sqlalchemy.exc import SQLAlchemyError

from bot import conversations
from bot.brief import run_brief
from bot.shop import Access, SystemDown
from bot.shop.adapters import open_access

logger = logging.getLogger(__name__)


async def access_of(tracker: Tracker) -> Access:
    """Who writes, as the channel says.

    Raises:
        SystemDown: crm.
    """
    return await open_access(*await account_of(tracker))


async def account_of(tracker: Tracker) -> tuple[str, str]:
    """Channel and account of who writes.

    Channels with a conversation store give Rasa the conversation's id as sender; the account stands in the store.
    Neither a message nor its metadata may name it: both come from outside.

    Raises:
        SystemDown: the store did not answer; a customer must not be taken for a guest.
    """
    try:
        store = conversations.current_store()
        known = await run_brief(partial(conversations.account_of, store, tracker.sender_id), store.url)
    except SQLAlchemyError as error:
        logger.exception("The conversations could not be asked who writes")
        raise SystemDown("crm", type(error).__name__) from None
    return known or (tracker.get_latest_input_channel() or "unknown", tracker.sender_id)
