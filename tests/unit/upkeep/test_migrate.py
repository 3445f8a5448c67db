"""`bot migrate`: every room's tables, from and to, and several processes at once."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text

from bot import cli
from bot.db import engine_for, migration_config, upgrade
from bot.settings import ROOT, Settings
from bot.upkeep import UpkeepError
from bot.upkeep.migrating import migrate, versions
from bot.upkeep.stores import ROOMS, databases, stores


def own(url: str, folder: Path) -> Settings:
    """Settings with all stores in one database."""
    fields = {field: url for field, _ in ROOMS.values()}
    return Settings(var=folder, **fields)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    if request.param == "postgresql":
        yield own(request.getfixturevalue("postgres_url"), tmp_path)
        return
    yield Settings(var=tmp_path)
    for url in databases(Settings(var=tmp_path)).values():
        engine_for(url).dispose()


def test_every_room_with_migrations_is_known() -> None:
    with_tables = {path.parent.name for path in (ROOT / "bot").glob("*/migrations")}
    assert with_tables == set(ROOMS)


def test_a_server_of_the_old_version_starts_on_newer_tables(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    migrate(settings)
    with engine_for(settings.chat_url).begin() as connection:
        connection.execute(text("UPDATE alembic_version_conversations SET version_num = '9999'"))
    upgrade(settings.chat_url, "conversations")
    assert "newer than this code" in caplog.text
    with pytest.raises(UpkeepError, match="比这份程序新"):  # who asks for a migration is told
        migrate(settings)


def test_all_rooms_reach_the_newest_version(settings: Settings) -> None:
    assert all(version.current is None and version.pending for version in versions(settings))
    assert [version.room for version in migrate(settings)] == list(ROOMS)
    assert not any(version.pending for version in versions(settings))
    for store in stores(settings):
        tables = set(inspect(engine_for(store.url)).get_table_names())
        assert set(store.metadata.tables) <= tables, store.room


def test_asking_makes_no_database(tmp_path: Path) -> None:
    versions(Settings(var=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_old_room_is_brought_on_and_a_newer_one_is_refused(settings: Settings) -> None:
    migrate(settings)
    shop = stores(settings)[0]
    command.downgrade(migration_config(shop.url, "shop"), "-1")
    before = {version.room: version for version in migrate(settings)}
    assert before["shop"].pending and before["shop"].current is not None and not before["desk"].pending
    with engine_for(settings.events_url).connect() as connection:
        connection.execute(text("UPDATE alembic_version_events SET version_num = '9999'"))
        connection.commit()
    with pytest.raises(UpkeepError, match="比这份程序新"):
        versions(settings)


def test_several_processes_at_once(settings: Settings) -> None:
    program = (
        "import sys; from bot.settings import Settings; from bot.upkeep.migrating import migrate;"
        "migrate(Settings.parse_raw(sys.argv[1]))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", program, settings.json()], cwd=ROOT, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for process in started:
        _, problem = process.communicate(timeout=120)
        assert process.returncode == 0, problem.decode()
    assert not any(version.pending for version in versions(settings))


def test_nobody_comes_between_two_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[tuple[str]]] = []

    def look(**_step: object) -> None:
        with closing(sqlite3.connect(tmp_path / "shop.db")) as other:
            seen.append(other.execute("SELECT name FROM sqlite_master").fetchall())

    monkeypatch.setattr("bot.db._applied", look)
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    upgrade(url, "shop")
    engine_for(url).dispose()
    assert len(seen) > 1 and not any(seen)


def test_the_command_says_from_and_to(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.commands.upkeep.get_settings", lambda: settings)
    assert cli.main(["migrate", "--check"]) == 1
    assert "还没有升级：shop" in capsys.readouterr().err
    assert cli.main(["migrate"]) == 0
    assert "空 → 0001" in capsys.readouterr().out
    assert cli.main(["migrate", "--check"]) == 0
    assert capsys.readouterr().out.count("已是最新") == len(ROOMS)


def test_a_database_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    away = Settings(var=tmp_path, shop_url="postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(UpkeepError, match="用不了") as caught:
        migrate(away)
    assert "secret" not in str(caught.value)


def test_threads_migrating_different_databases_do_not_meet(tmp_path: Path) -> None:
    # Alembic's `op` is one a process: without turns, one thread's tables land in another one's database, or it crashes.
    urls = {room: f"sqlite:///{tmp_path / room}.db" for room in ("events", "quality", "learning", "insight")}
    with ThreadPoolExecutor(len(urls)) as threads:
        for done in [threads.submit(upgrade, url, room) for room, url in urls.items()]:
            done.result()
    for room, url in urls.items():
        tables = inspect(engine_for(url)).get_table_names()
        assert [name for name in tables if name.startswith("alembic_version_")] == [f"alembic_version_{room}"]
        engine_for(url).dispose()
