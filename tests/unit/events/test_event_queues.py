"""Events through RabbitMQ and Kafka to the store: at least once on the way, once in the store."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import aio_pika
import pytest
import pytest_asyncio

from bot.db import upgrade
from bot.events import Event, of_conversation, sinks
from bot.events.consumer import consume_rabbitmq
from bot.events.sinks import KafkaSink, RabbitSink
from bot.service_settings import EventSettings

RABBIT = os.environ.get("DIANXIAOER_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/")
START = datetime(2026, 11, 25, 2, tzinfo=timezone.utc)


def lines(count: int) -> list[bytes]:
    events = [Event("rating", "c1", START + timedelta(seconds=n), data={"stars": n % 5 + 1}) for n in range(count)]
    return [event.to_json().encode() for event in events]


@pytest_asyncio.fixture
async def settings() -> AsyncIterator[EventSettings]:
    name = f"dianxiaoer.test.{uuid.uuid4().hex}"
    try:
        connection = await aio_pika.connect(RABBIT, timeout=3)
    except (OSError, aio_pika.exceptions.AMQPConnectionError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"没有 RabbitMQ 服务：{error}")
    yield EventSettings(type="rabbitmq", url=RABBIT, queue=name)
    async with connection:
        channel = await connection.channel()
        for queue in (name, f"{name}.dead"):
            await channel.queue_delete(queue)


async def wait_for(url: str, count: int) -> None:
    for _ in range(200):
        if len(of_conversation(url, "c1")) >= count:
            return
        await asyncio.sleep(0.05)
    assert len(of_conversation(url, "c1")) == count


async def test_through_rabbitmq_into_the_store(settings: EventSettings, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/events.db"
    upgrade(url, "events")
    sink = RabbitSink(settings)
    sent = lines(700)
    await asyncio.to_thread(sink.deliver, sent[:400])
    await asyncio.to_thread(sink.deliver, [b"no event", *sent[300:]])  # a hundred of them twice
    await asyncio.to_thread(sink.close)
    stop = asyncio.Event()
    consumers = [asyncio.create_task(consume_rabbitmq(settings, url, stop)) for _ in range(2)]
    await wait_for(url, 700)
    stop.set()
    await asyncio.gather(*consumers)
    assert len(of_conversation(url, "c1")) == 700
    async with await aio_pika.connect(RABBIT) as connection:
        channel = await connection.channel()
        dead = await channel.get_queue(f"{settings.queue}.dead")
        message = await dead.get()
        assert message is not None and message.body == b"no event"
        await message.ack()
        left = await channel.declare_queue(settings.queue, passive=True)
        assert left.declaration_result.message_count == 0


async def test_a_broker_that_is_away_raises_and_keeps_nothing_half(settings: EventSettings) -> None:
    away = RabbitSink(EventSettings(type="rabbitmq", url="amqp://guest:guest@127.0.0.1:1/", queue=settings.queue))
    with pytest.raises(Exception):  # noqa: B017 the library has many
        await asyncio.to_thread(away.deliver, lines(1))
    await asyncio.to_thread(away.close)


def test_kafka_takes_events_keyed_by_conversation() -> None:
    # librdkafka brings a broker for tests, in this process.
    settings = EventSettings(type="kafka", url="mock", queue="events", kafka={"test.mock.num.brokers": 1})
    sink = KafkaSink(settings)
    sink.deliver(lines(50))
    sink.close()


def test_kafka_that_is_away_raises() -> None:
    settings = EventSettings(type="kafka", url="127.0.0.1:1", queue="events", kafka={"message.timeout.ms": 300})
    sink = KafkaSink(settings)
    with pytest.raises(ConnectionError):
        sink.deliver(lines(2))


def test_what_an_outage_has_gathered_has_time_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = sinks.RabbitSink(EventSettings(type="rabbitmq", url="amqp://127.0.0.1/"))
    took: list[bytes] = []

    async def publish(lines: list[bytes]) -> None:
        await asyncio.sleep(0.2)
        took.extend(lines)

    monkeypatch.setattr(sinks, "_SECONDS", 0.6)
    monkeypatch.setattr(sink, "_publish", publish)
    lines = [str(number).encode() for number in range(5 * sinks._BATCH + 1)]
    sink.deliver(lines)  # 1.2 s in all
    sink.close()
    assert took == lines
