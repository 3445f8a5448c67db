"""How much one customer may ask of the bot: a message over the limit is kept in the log, but starts no turn.

Platforms deliver again what is refused, so nothing is refused here; the customer is told once a minute instead. Each
process counts for itself: with several Rasa servers a customer has as many times the limit.
"""

import threading

from bot.channels.incoming import Incoming
from bot.channels.reading import LONGEST
from bot.limits import RateLimit
from bot.observing.metrics import REFUSED

TOO_FAST, TOO_LONG = "utter_channel_too_fast", "utter_channel_too_long"  # what the customer is told, in domain.yml


class Moderation:
    """Of one channel; safe to ask from several threads."""

    def __init__(self, channel: str, messages_per_minute: int) -> None:
        self._channel = channel
        self._messages = RateLimit(messages_per_minute)
        self._told = RateLimit(1)
        self._lock = threading.Lock()

    def objection(self, conversation: str, incoming: Incoming) -> str:
        """The response that says what is wrong with a new message, "" when nothing is."""
        with self._lock:
            fast = self._messages.take(conversation) > 0
        long = len(incoming.text.strip()) > LONGEST
        if fast or long:
            REFUSED.labels(self._channel, "too_fast" if fast else "too_long").inc()
        return TOO_FAST if fast else TOO_LONG if long else ""

    def shall_tell(self, conversation: str) -> bool:
        """Whether the customer was not told in the last minute."""
        with self._lock:
            return not self._told.take(conversation)
