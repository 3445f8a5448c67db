"""A fresh demo shop for each test, and the bot that sells from it."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import update

from bot import clock
from bot.conversations import Store, current_store
from bot.db import engine_for, upgrade, writing
from bot.events import Event
from bot.settings import get_settings
from bot.shop import upgrade_and_seed
from bot.shop.tables import StockRow
from bot.shop.trade_tables import AccountRow
from tests.dialogue import Bot, Talk, train_dialogue

MORNING = datetime.fromisoformat("2026-11-24T10:00:00+08:00")  # a Tuesday, before every warehouse's cut-off


@pytest.fixture(scope="session")
def seeded_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seed") / "shop.db"
    with clock.freeze(MORNING):
        upgrade_and_seed(f"sqlite:///{path}", progress=lambda _line: None)
    engine = engine_for(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def empty_chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seed") / "chat.db"
    for room in ("conversations", "upkeep"):
        upgrade(f"sqlite:///{path}", room)
    engine = engine_for(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def chats(empty_chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Conversations of the test's own, as the settings name them."""
    shutil.copy(empty_chats, tmp_path / "chat.db")
    monkeypatch.setattr(get_settings(), "chat_url", f"sqlite:///{tmp_path}/chat.db")
    yield current_store()
    engine_for(get_settings().chat_url).dispose()


class Recorded(list[Event]):
    """Takes the place of the recorder."""

    def record(self, event: Event) -> None:
        self.append(event)

    def of(self, kind: str) -> list[Event]:
        """The events of a kind, each once, as the store keeps them."""
        return list({event.id: event for event in self if event.kind == kind}.values())


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """What the actions tell the figures; nothing of it reaches this machine's own store."""
    events = Recorded()
    monkeypatch.setattr(import_module("bot.events.recorder"), "recorder", lambda: events)
    return events


@pytest.fixture
def shop(seeded_shop: Path, chats: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a shop of the test's own; the clock stands at Tuesday morning."""
    shutil.copy(seeded_shop, tmp_path / "shop.db")
    url = f"sqlite:///{tmp_path}/shop.db"
    monkeypatch.setattr(get_settings(), "shop_url", url)
    # No entries: what a test says is answered by the rules; tests of the knowledge base bring their own.
    monkeypatch.setattr(get_settings(), "knowledge_url", f"sqlite:///{tmp_path}/knowledge.db")
    with clock.freeze(MORNING):
        yield url
    engine_for(url).dispose()


@pytest.fixture
def stock(shop: str) -> Callable[..., None]:
    """Set the units of a sku: `stock("P1001-04", 1, only="beijing")` leaves nothing elsewhere."""

    def set_units(sku: str, units: int, only: str | None = None) -> None:
        with writing(shop) as session:
            session.execute(update(StockRow).where(StockRow.sku == sku).values(on_hand=0, reserved=0))
            here = update(StockRow).where(StockRow.sku == sku)
            session.execute((here.where(StockRow.warehouse_id == only) if only else here).values(on_hand=units))

    return set_units


@pytest.fixture
def member(shop: str) -> Callable[[str], str]:
    """A new account on the rest channel for a customer of the demo: `member("C0232")`, who never bought anything."""

    def make(customer: str) -> str:
        account = uuid.uuid4().hex
        with writing(shop) as session:
            session.add(AccountRow(channel="rest", account=account, customer_id=customer))
        return account

    return make


@pytest.fixture(scope="session")
def trained_bot(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    return Bot(train_dialogue(tmp_path_factory.mktemp("dialogue")))


@pytest.fixture
def bot(trained_bot: Bot, shop: str, chats: Store) -> Bot:
    """The bot selling from the test's own shop; every conversation is a new one."""
    return trained_bot.at_shop()


@pytest.fixture
def customer(bot: Bot, shop: str) -> Callable[..., Talk]:
    """A new conversation of the demo's customer, whose orders DX800000000001 and on show every rule of after-sale."""

    def talk() -> Talk:
        new = bot.talk("rest")
        with writing(shop) as session:
            session.add(AccountRow(channel="rest", account=new.sender, customer_id="C0231"))
        return new

    return talk
