"""Rasa's event broker interface on the house's events: `event_broker: {type: bot.events.broker.EventSpool}`."""

import asyncio
import logging
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.utils.endpoints import EndpointConfig

from bot.events.from_rasa import from_rasa
from bot.events.recorder import close_recorder, record

logger = logging.getLogger(__name__)


class EventSpool(EventBroker):
    """Records what Rasa publishes.

    Rasa publishes before its tracker store commits, in the event loop: so nothing here may block or fail. An event of
    a turn that was then not committed is published again by the repeated turn under another time; it is a second
    attempt and is counted as one.
    """

    @classmethod
    async def from_endpoint_config(
        cls, broker_config: EndpointConfig, event_loop: asyncio.AbstractEventLoop | None = None
    ) -> "EventSpool":
        return cls()

    def publish(self, event: dict[str, Any]) -> None:
        try:
            told = from_rasa(event)
            if told is not None:
                record(told)
        except Exception:  # a customer's turn is worth more than its record
            logger.exception("An event was not recorded")

    async def close(self) -> None:
        await asyncio.to_thread(close_recorder)
