"""An event store and a shop of the test's own, and words to fill them with."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.db import upgrade, writing
from bot.events import Event
from bot.settings import Settings
from bot.shop.tables import WarehouseRow
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderRow


def beijing(text: str) -> datetime:
    """A moment of November 2026 in the shop's time, as "24 10:00:05"."""
    day, time = text.split(" ")
    return datetime.fromisoformat(f"2026-11-{day}T{time}+08:00")


def told(kind: str, at: str, conversation: str = "c1", channel: str = "webchat", **data: Any) -> Event:
    """An event; of a customer's message `intent` and `base` are enough."""
    if "base" in data:
        data["base_intent"] = data.pop("base")
    return Event(kind, conversation, beijing(at), channel=channel, data=data)


def asks(at: str, intent: str = "ask_stock", base: str = "presale", conversation: str = "c1", **data: Any) -> Event:
    """A customer's question."""
    return told("message.customer", at, conversation, text="问", intent=intent, base=base, **data)


def answers(at: str, conversation: str = "c1") -> Event:
    """The bot's answer."""
    return told("message.bot", at, conversation, text="答")


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Stores on each kind of database; customer C1 writes from webchat's c1 and wecom's w1."""
    url = f"sqlite:///{tmp_path}/all.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    for room in ("events", "insight", "shop", "conversations", "knowledge"):
        upgrade(url, room)
    with writing(url) as session:
        session.add(
            WarehouseRow(id="W", name="仓", city="北京", cut_off="16:00", ship_by="18:00", working_days=[1], regions=[])
        )
        session.add(
            CustomerRow(id="C1", name="测试", phone="17000000001", city="北京", created_at=beijing("01 00:00:00"))
        )
        session.flush()
        session.add(AccountRow(channel="webchat", account="c1", customer_id="C1"))
        session.add(AccountRow(channel="wecom", account="w1", customer_id="C1"))
    return Settings(shop_url=url, chat_url=url, events_url=url, knowledge_url=url)


def order(url: str, no: str, at: str, fen: int, account: str = "c1", customer: str | None = "C1", **more: Any) -> None:
    """Place an order in the shop."""
    values = {"status": "pending_payment", "discount_fen": 0, "idempotency_key": no, "warehouse_id": "W", **more}
    with writing(url) as session:
        session.add(
            OrderRow(
                no=no,
                customer_id=customer,
                channel="webchat",
                account=account,
                amount_fen=fen,
                created_at=beijing(at),
                **values,
            )
        )
