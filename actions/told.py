"""What the actions tell the figures, beside what Rasa tells of itself."""

import hashlib
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
    told = _id(tracker, flow, outcome)
    try:
        record(Event("task.done", tracker.sender_id, clock.now(), told, channel, "bot", data))
    except OSError as error:
        logger.warning("The end of %s was not recorded: %s", flow, error)


def _id(tracker: Tracker, flow: str, outcome: Outcome) -> str:
    """The same when the turn is done again because its process was killed: one end of a flow counts once."""
    message = tracker.latest_message.get("message_id")
    if not message:
        return ""
    return hashlib.sha256(f"{tracker.sender_id}\n{message}\n{flow}\n{outcome}".encode()).hexdigest()[:32]
