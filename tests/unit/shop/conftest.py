"""A small shop of its own for every test, on SQLite and, where it matters, on PostgreSQL and MariaDB."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from service_shop import SERVICES
from small_shop import FEED, Feed, beijing
from sqlalchemy import update

from bot.clock import freeze
from bot.db import upgrade, writing
from bot.settings import get_settings
from bot.shop import Access, upgrade_and_seed
from bot.shop.tables import CatalogueStateRow
from tests.databases import emptied, mysql_database

KINDS = {"sqlite": "empty_url", "postgresql": "postgres_url", "mariadb": "mysql_shop"}


@pytest.fixture(autouse=True)
def wednesday() -> Iterator[None]:
    """The clock stands at Wednesday, 10 June 2026, 10:00 in Beijing."""
    with freeze(beijing("2026-06-10 10:00")):
        yield


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    """Writes a feed folder: by default the whole small shop, with `changed` files; or only the given ones."""

    def make(changed: dict[str, str] | None = None, only: bool = False) -> Path:
        folder = tmp_path / f"feed-{uuid.uuid4().hex}"
        folder.mkdir()
        for name, content in (({} if only else FEED) | (changed or {})).items():
            (folder / name).write_text(content, encoding="utf8")
        return folder

    return make


@pytest.fixture
def empty_url(tmp_path: Path) -> str:
    """A database without tables."""
    return f"sqlite:///{tmp_path}/shop.db"


@pytest.fixture
def url(empty_url: str, feed: Feed) -> str:
    """The small shop on SQLite."""
    upgrade_and_seed(empty_url, feed(), progress=lambda line: None)
    return empty_url


@pytest.fixture(scope="session")
def mysql_tables() -> Iterator[str]:
    """A MariaDB database with the shop's tables; making them takes longer than most tests."""
    with mysql_database() as url:
        upgrade(url, "shop")
        yield url


@pytest.fixture
def mysql_shop(mysql_tables: str) -> str:
    """The shop's tables on MariaDB, empty."""
    emptied(mysql_tables, kept=lambda table: table in ("catalogue_state", "alembic_version_shop"))
    with writing(mysql_tables) as session:
        session.execute(update(CatalogueStateRow).values(version=0))
    return mysql_tables


@pytest.fixture(params=KINDS)
def any_url(request: pytest.FixtureRequest, feed: Feed) -> str:
    """The small shop on each kind of database."""
    url: str = request.getfixturevalue(KINDS[request.param])
    upgrade_and_seed(url, feed(), progress=lambda line: None)
    return url


@pytest.fixture
def use_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Makes a database the one of the settings, and a folder of the test the one for files."""

    def use(url: str) -> None:
        monkeypatch.setenv("DIANXIAOER_SHOP_URL", url)
        monkeypatch.setenv("DIANXIAOER_VAR", str(tmp_path / "var"))
        get_settings.cache_clear()

    yield use
    get_settings.cache_clear()


@pytest.fixture
def service_url(empty_url: str, feed: Feed, use_shop: Callable[[str], None]) -> str:
    """The shop with its services on SQLite, as the settings name it."""
    upgrade_and_seed(empty_url, feed(SERVICES), progress=lambda line: None)
    use_shop(empty_url)
    return empty_url


@pytest.fixture(params=KINDS)
def any_service_url(request: pytest.FixtureRequest, feed: Feed, use_shop: Callable[[str], None]) -> str:
    """The shop with its services on each kind of database."""
    url: str = request.getfixturevalue(KINDS[request.param])
    upgrade_and_seed(url, feed(SERVICES), progress=lambda line: None)
    use_shop(url)
    return url


@pytest.fixture
def owner() -> Access:
    """Customer C1, writing from her web account."""
    return Access("web", "w1", "C1")
