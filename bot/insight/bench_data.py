"""Events of a busy shop for measuring: the shape of real ones, made quickly, in the order of their times."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from bot import clock
from bot.db import engine_for, writing
from bot.events.tables import EventRow
from bot.knowledge.tables import AskedRow
from bot.nlu.taxonomy import load_taxonomy
from bot.shop.tables import WarehouseRow
from bot.shop.trade_tables import OrderRow

DAYS = 365
_CHANNELS = ("webchat", "wechat", "wecom", "feishu", "dingtalk", "open")
_AGENTS = tuple(f"agent-{number:02}" for number in range(20))
_BATCH = 10_000
_EVENTS_PER_VISIT = 8.0
_QUESTIONS = ("{}怎么弄", "请问{}的规定是什么", "{}要多久", "{}可以吗", "为什么{}不行")
Row = dict[str, Any]


def fill_events(url: str, number: int, seed: int = 1, begin: datetime | None = None, days: int = DAYS) -> None:
    """Write `number` events of `days` days up to now; `seed` also keeps the ids of several calls apart."""
    begin = begin or clock.now() - timedelta(days=days)
    per_day = number / _EVENTS_PER_VISIT / days
    batch: list[Row] = []
    left = number
    with engine_for(url).execution_options(writes=True).connect() as connection:
        for row in _rows(seed, begin, days, per_day):
            batch.append(row)
            left -= 1
            if len(batch) == _BATCH or not left:
                with connection.begin():
                    connection.execute(insert(EventRow.__table__), batch)
                batch = []
            if not left:
                return


def fill_orders(url: str, number: int, seed: int = 1, days: int = DAYS) -> None:
    """Write `number` orders of guests who also wrote, so that attribution has something to find."""
    draw = random.Random(seed)
    begin = clock.now() - timedelta(days=days)
    with writing(url) as session:
        ship = {"city": "北京", "cut_off": "16:00", "ship_by": "18:00", "working_days": [1], "regions": []}
        session.merge(WarehouseRow(id="BENCH", name="仓", **ship))
    rows = []
    for place in range(number):
        at = begin + timedelta(seconds=draw.random() * days * 86_400)
        rows.append(
            {
                "no": f"B{place:09}", "channel": "webchat", "account": f"guest-{draw.randrange(4 * number)}",
                "status": "paid", "amount_fen": draw.randrange(1000, 500_000), "discount_fen": 0,
                "idempotency_key": str(place), "created_at": at, "paid_at": at, "warehouse_id": "BENCH",
                "shipping_fen": 0, "due_fen": 0,
            }
        )  # fmt: skip
    with writing(url) as session:
        for start in range(0, number, _BATCH):
            session.connection().execute(insert(OrderRow.__table__), rows[start : start + _BATCH])


def fill_asked(url: str, number: int, seed: int = 1, days: int = DAYS) -> None:
    """Write `number` questions that were looked up in the knowledge base, one in five without an answer."""
    draw = random.Random(seed)
    begin = clock.now() - timedelta(days=days)
    titles = sorted(load_taxonomy().titles.values())
    rows: list[Row] = []
    for place in range(number):
        topic = draw.randrange(len(titles))
        answered = draw.random() < 0.8
        rows.append(
            {
                "at": begin + timedelta(seconds=draw.random() * days * 86_400), "conversation": f"asked-{place // 2}",
                "text": draw.choice(_QUESTIONS).format(titles[topic]), "score": draw.random(),
                "outcome": draw.choice(("answered", "near")) if answered else "none",
                "entry_id": f"entry-{topic}" if answered else None,
                "helpful": draw.choice((None, None, True, False)) if answered else None,
            }
        )  # fmt: skip
    rows.sort(key=lambda row: row["at"])
    with writing(url) as session:
        for start in range(0, number, _BATCH):
            session.connection().execute(insert(AskedRow.__table__), rows[start : start + _BATCH])


def _rows(seed: int, begin: datetime, days: int, per_day: float) -> Iterator[Row]:
    draw = random.Random(seed)
    intents = sorted(load_taxonomy().base_of.items())
    guests = max(1, round(per_day * days / 2))
    number = 0
    day = 0
    while True:  # a day more than asked, if chance made too few
        told: list[Row] = []
        for _ in range(max(1, round(per_day * draw.uniform(0.8, 1.2)))):
            start = begin + timedelta(days=day, seconds=8 * 3600 + draw.random() * 15 * 3600)
            told += _visit(draw, intents, start, draw.randrange(guests))
        told.sort(key=lambda row: row["at"])
        for row in told:
            number += 1
            yield {**row, "id": f"{seed}-{number}"}
        day += 1


def _visit(draw: random.Random, intents: list[tuple[str, str]], at: datetime, guest: int) -> Iterator[Row]:
    conversation, channel = f"guest-{guest}", _CHANNELS[guest % len(_CHANNELS)]
    intent, base = draw.choice(intents)

    def row(kind: str, **data: Any) -> Row:
        return {"kind": kind, "conversation_id": conversation, "at": at, "channel": channel, "actor": "", "data": data}

    yield row("session.started")
    if draw.random() < 0.1:
        variant = draw.choice(("plain", "deals"))
        yield row("experiment.exposed", experiment="welcome_words", variant=variant)
    for _ in range(draw.choice((2, 3, 4))):
        yield row("message.customer", text="问一句话", intent=intent, base_intent=base, confidence=0.93, score=3)
        at += timedelta(seconds=draw.uniform(0.3, 2))
        yield row("message.bot", text="答一句话", response=f"utter_{intent}")
        at += timedelta(seconds=draw.uniform(5, 40))
    if draw.random() < 0.15:
        agent = draw.choice(_AGENTS)
        yield row("handoff.requested", reason="request_human", category=base)
        at += timedelta(seconds=draw.uniform(3, 60))
        yield row("handoff.assigned", agent=agent, wait_ms=9000)
        yield row("message.agent", agent=agent, text="您好")
        yield row("conversation.closed", by="agent")
    if draw.random() < 0.3:
        yield row("rating", stars=draw.randrange(1, 6), solved=draw.random() < 0.9)
