"""`python -m bot events`: takes events out of RabbitMQ or Kafka and stores them; several may run side by side."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from bot.db import upgrade
from bot.events import store
from bot.events.model import Event
from bot.service_settings import EventSettings
from bot.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

_BATCH, _GATHER = 500, 0.2  # messages, seconds


def consume(settings: Settings) -> None:
    """Consume what endpoints.yml names until SIGINT or SIGTERM.

    Raises:
        SettingsError: events need no consumer.
    """
    if settings.events.type == "store":
        raise SettingsError("endpoints.yml 里没有配置 events 的消息队列，事件已经直接入库，不需要这个命令")
    upgrade(settings.events_url, "events")
    if settings.events.type == "rabbitmq":
        asyncio.run(_until_signal(settings))
        return
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    consume_kafka(settings.events, settings.events_url, stopped.is_set)


async def _until_signal(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await consume_rabbitmq(settings.events, settings.events_url, stop)


async def consume_rabbitmq(settings: EventSettings, store_url: str, stop: asyncio.Event) -> None:
    """Store what comes until `stop` is set; a message is acknowledged after its commit.

    What is no event goes to the queue `<queue>.dead`, so that it neither is lost nor comes again for ever.
    """
    import aio_pika

    connection = await aio_pika.connect_robust(settings.url, timeout=5)
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_BATCH)
        queue = await channel.declare_queue(settings.queue, durable=True)
        await channel.declare_queue(f"{settings.queue}.dead", durable=True)
        while not stop.is_set():
            batch = await _gather(queue, stop)
            good, events = [], []
            for message in batch:
                try:
                    events.append(Event.from_json(message.body))
                    good.append(message)
                except ValueError as error:
                    logger.error("Not an event, moved to %s.dead: %s", settings.queue, error)
                    await channel.default_exchange.publish(
                        aio_pika.Message(message.body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                        f"{settings.queue}.dead",
                    )
                    await message.ack()
            if events:
                await _store(store_url, events, stop)
                for message in good:
                    await message.ack()


async def _gather(queue: Any, stop: asyncio.Event) -> list[Any]:
    batch: list[Any] = []
    waited = 0.0
    while len(batch) < _BATCH and not stop.is_set():
        message = await queue.get(fail=False)
        if message is not None:
            batch.append(message)
            continue
        if batch or waited >= 1:
            break
        await asyncio.sleep(_GATHER)
        waited += _GATHER
    return batch


async def _store(url: str, events: list[Event], stop: asyncio.Event) -> None:
    wait = 0.5
    while True:
        try:
            await asyncio.to_thread(store.add, url, events)
            return
        except Exception as error:  # the database is away: the messages stay unacknowledged until it is back
            logger.warning("Event store: %s: %s", type(error).__name__, str(error)[:200])
            if stop.is_set():
                raise
            await asyncio.sleep(wait)
            wait = min(2 * wait, 10)


def consume_kafka(settings: EventSettings, store_url: str, stopped: Callable[[], bool]) -> None:
    """Store what comes until `stopped()`; offsets are committed after the store's commit."""
    from confluent_kafka import Consumer

    options = {"bootstrap.servers": settings.url, "group.id": "dianxiaoer-events", "enable.auto.commit": False}
    consumer = Consumer({**options, "auto.offset.reset": "earliest", **settings.kafka})
    consumer.subscribe([settings.queue])
    try:
        while not stopped():
            events = []
            for message in consumer.consume(_BATCH, timeout=1.0):
                if message.error():
                    logger.warning("Kafka: %s", message.error())
                    continue
                try:
                    events.append(Event.from_json(message.value() or b""))
                except ValueError as error:
                    logger.error("Not an event, left out: %s", error)
            if events:
                store.add(store_url, events)
                consumer.commit(asynchronous=False)
    finally:
        consumer.close()
