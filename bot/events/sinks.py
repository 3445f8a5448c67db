"""Where recorded events go: straight into the store, or through RabbitMQ or Kafka to a consumer that stores them."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any, Protocol

from bot.events import store
from bot.events.model import Event
from bot.service_settings import EventSettings

logger = logging.getLogger(__name__)

_SECONDS = 15.0
_BATCH = 200  # lines


class Sink(Protocol):
    """Takes lines in order; raises when it cannot, and then gets the same lines again."""

    def deliver(self, lines: list[bytes]) -> None:
        """Take the lines for good."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def parse(lines: Iterable[bytes]) -> list[Event]:
    """The events in `lines`; what is no event (half a line of a full disk) is reported and left out."""
    events = []
    for line in lines:
        try:
            events.append(Event.from_json(line))
        except ValueError as error:
            logger.error("Not an event, left out: %s", error)
    return events


class StoreSink:
    """Writes into the event store."""

    def __init__(self, url: str) -> None:
        self._url = url

    def deliver(self, lines: list[bytes]) -> None:
        store.add(self._url, parse(lines))

    def close(self) -> None:
        """Nothing to let go of."""


class RabbitSink:
    """Publishes to a durable queue with publisher confirms; needs no thread between deliveries."""

    def __init__(self, settings: EventSettings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._connection: Any = None
        self._channel: Any = None

    def deliver(self, lines: list[bytes]) -> None:
        try:
            # The time is for each batch: what an outage has gathered takes longer, and must not begin anew for ever.
            for first in range(0, len(lines), _BATCH):
                batch = lines[first : first + _BATCH]
                self._loop.run_until_complete(asyncio.wait_for(self._publish(batch), _SECONDS))
        except BaseException:
            self._drop()
            raise

    async def _publish(self, lines: list[bytes]) -> None:
        import aio_pika

        if self._connection is None or self._connection.is_closed:
            # Between deliveries nobody answers heartbeats.
            self._connection = await aio_pika.connect(self._settings.url, heartbeat=0, timeout=5)
            self._channel = await self._connection.channel(publisher_confirms=True)
            await self._channel.declare_queue(self._settings.queue, durable=True)
        exchange, queue = self._channel.default_exchange, self._settings.queue
        messages = (aio_pika.Message(line, delivery_mode=aio_pika.DeliveryMode.PERSISTENT) for line in lines)
        # Sent one after another, confirmed together: the broker writes them to its disk in one go.
        await asyncio.gather(*(exchange.publish(message, queue) for message in messages))

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(Exception):
                self._loop.run_until_complete(asyncio.wait_for(connection.close(), 2))

    def close(self) -> None:
        self._drop()
        self._loop.close()


class KafkaSink:
    """Produces with all replicas' acknowledgement, keyed by conversation so that its events keep their order."""

    def __init__(self, settings: EventSettings) -> None:
        from confluent_kafka import Producer

        self._topic = settings.queue
        options = {"bootstrap.servers": settings.url, "acks": "all", "enable.idempotence": True}
        self._producer = Producer({**options, "message.timeout.ms": int(_SECONDS * 1000), **settings.kafka})

    def deliver(self, lines: list[bytes]) -> None:
        failed: list[Any] = []
        for event in parse(lines):
            self._producer.produce(
                self._topic,
                event.to_json().encode(),
                key=event.conversation_id,
                on_delivery=lambda error, _message: failed.append(error) if error else None,
            )
            self._producer.poll(0)
        left = self._producer.flush(2 * _SECONDS)
        if failed or left:
            raise ConnectionError(f"Kafka took not all of {len(lines)} events: {failed[0] if failed else 'time is up'}")

    def close(self) -> None:
        self._producer.flush(1)


def sink_for(settings: EventSettings, store_url: str) -> Sink:
    """The sink that endpoints.yml asks for."""
    if settings.type == "rabbitmq":
        return RabbitSink(settings)
    if settings.type == "kafka":
        return KafkaSink(settings)
    return StoreSink(store_url)
