"""A fresh demo shop for each test, and the bot that sells from it."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from bot import clock
from bot.db import engine_for, writing
from bot.settings import get_settings
from bot.shop import upgrade_and_seed
from bot.shop.tables import StockRow
from tests.dialogue import Bot, train_dialogue

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


@pytest.fixture
def shop(seeded_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a shop of the test's own; the clock stands at Tuesday morning."""
    shutil.copy(seeded_shop, tmp_path / "shop.db")
    url = f"sqlite:///{tmp_path}/shop.db"
    monkeypatch.setattr(get_settings(), "shop_url", url)
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


@pytest.fixture(scope="session")
def trained_bot(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    return Bot(train_dialogue(tmp_path_factory.mktemp("dialogue")))


@pytest.fixture
def bot(trained_bot: Bot, shop: str) -> Bot:
    """The bot selling from the test's own shop; every conversation is a new one."""
    return trained_bot.at_shop()
