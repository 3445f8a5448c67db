"""What the actions tell the figures, beside what Rasa tells of itself."""

import logging
from typing import Literal

from rasa_sdk import Tracker

from bot import clock
from bot.events import Event, record

Outcome = Literal["done", "left", "failed"]

logger = logging.getLogger(__name__)


def tell_task(tracker: Tracker, flow: str, outcome: Outcome) -> None:
    """A flow came to its end; a disk that takes no more must not keep the customer from hearing of it."""
    channel = tracker.get_latest_input_channel() or ""
    data = {"flow": flow, "outcome": outcome}
    try:
        record(Event("task.done", tracker.sender_id, clock.now(), channel=channel, actor="bot", data=data))
    except OSError as error:
        logger.warning("The end of %s was not recorded: %s", flow, error)
