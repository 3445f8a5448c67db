"""All stores of a test's own, in files, in one PostgreSQL database, or in files with the shop on MariaDB.

Two customers have left traces everywhere.
"""

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from bot.database_url import with_driver
from bot.db import engine_for, upgrade
from bot.settings import Settings, get_settings
from bot.upkeep.migrating import migrate
from bot.upkeep.stores import ROOMS, TITLES, databases
from tests.databases import mysql_database, postgres_database
from tests.unit.upkeep.traces import leave_traces


def named(folder: Path, url: str = "") -> Settings:
    """Settings with one database for all, or with files in `folder`."""
    return Settings(var=folder, **{field: url for field, _ in ROOMS.values()}) if url else Settings(var=folder)


@pytest.fixture(scope="session")
def migrated_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every store, migrated and empty."""
    settings = named(tmp_path_factory.mktemp("migrated"))
    migrate(settings)
    for url in databases(settings).values():
        with engine_for(url).connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine_for(url).dispose()
    return settings.var


@pytest.fixture(scope="session")
def migrated_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with every store, migrated and empty."""
    with postgres_database() as url:
        migrate(named(tmp_path_factory.mktemp("var"), url))
        engine_for(url).dispose()  # a template must have no connections
        yield str(make_url(url).database)


with_mariadb = pytest.mark.parametrize("house", ["sqlite", "postgresql", "mariadb"], indirect=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_files: Path
) -> Iterator[Settings]:
    """Migrated stores, empty; get_settings() names them. Tests marked `with_mariadb` have the shop there, too."""
    folder, settings = tmp_path / "var", get_settings()
    monkeypatch.setattr(settings, "var", folder)

    def use(url: str = "") -> Settings:
        for field in TITLES:
            monkeypatch.setattr(settings, field, getattr(named(folder, url), field))
        return settings

    if request.param in ("sqlite", "mariadb"):
        shutil.copytree(migrated_files, folder)
        use()
        with mysql_database() if request.param == "mariadb" else nullcontext() as shop_url:
            if shop_url is not None:
                (folder / "shop.db").unlink()
                monkeypatch.setattr(settings, "shop_url", with_driver(shop_url))
                upgrade(settings.shop_url, "shop")
            yield settings
            for url in databases(settings).values():
                engine_for(url).dispose()
    else:
        folder.mkdir()
        with postgres_database(request.getfixturevalue("migrated_postgres")) as url:
            yield use(url)


@pytest.fixture
def lived_in(house: Settings) -> Settings:
    """C1 and C2 have bought, chatted, complained and sent pictures."""
    leave_traces(house, 1)
    leave_traces(house, 2)
    return house
