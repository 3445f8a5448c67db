"""Migrations on MariaDB, which cannot take back a change of tables: they go on where they were broken off."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as WaitedTooLong

from bot import db
from bot.db import engine_for, migration_config, upgrade
from bot.settings import ROOT, Settings
from bot.shop.tables import Base
from bot.upkeep import UpkeepError
from bot.upkeep.migrating import migrate, versions
from tests.databases import MYSQL_RIGHTS


class Killed(Exception):
    """The process ends here."""


def kill_at(url: str, word: str, number: int) -> None:
    """Ends the migration before its `number`th statement that begins with `word`."""
    seen = 0

    def look(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal seen
        if statement.strip().startswith(word):
            seen += 1
            if seen == number:
                raise Killed

    event.listen(engine_for(url), "before_cursor_execute", look)
    try:
        with pytest.raises(Killed):
            upgrade(url, "shop")
    finally:
        event.remove(engine_for(url), "before_cursor_execute", look)


def in_order(url: str) -> bool:
    """The tables are those of the models, and nothing is left of the migrations."""
    with engine_for(url).connect() as connection:
        options = {
            "compare_type": True,
            "include_name": lambda name, kind, _: kind != "table" or not name.startswith("alembic_version"),
        }
        context = MigrationContext.configure(connection, opts=options)
        different = compare_metadata(context, Base.metadata)
        assert different == []
        rows = connection.exec_driver_sql("SELECT count(*) FROM catalogue_state").scalar()
        return rows == 1


def free(url: str) -> bool:
    """Nobody migrates."""
    with engine_for(url).connect() as connection:
        lock = f"CONCAT('dianxiaoer_{db._MIGRATING}:', LEFT(MD5(DATABASE()), 16))"
        return bool(connection.exec_driver_sql(f"SELECT IS_FREE_LOCK({lock})").scalar())


def test_the_rights_under_test_are_those_of_the_manual() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf8")
    assert f"GRANT {MYSQL_RIGHTS} ON shop.* TO" in manual


def test_a_migration_broken_off_goes_on_where_it_stopped(mysql_url: str) -> None:
    for word, number in (
        ("CREATE TABLE", 9),  # not done
        ("UPDATE alembic_begun_shop SET done", 4),  # done, but not noted
        ("INSERT INTO catalogue_state", 1),
        ("ALTER TABLE", 3),  # in the next migration
        ("UPDATE alembic_begun_shop SET done", 1),
        ("UPDATE alembic_version_shop", 1),
        ("UPDATE alembic_begun_shop SET done", 7),
    ):
        kill_at(mysql_url, word, number)
        assert free(mysql_url), (word, number)
    upgrade(mysql_url, "shop")
    assert in_order(mysql_url)


def test_a_table_of_somebody_else_is_not_taken_over(mysql_url: str, tmp_path: Path) -> None:
    with engine_for(mysql_url).begin() as connection:
        connection.execute(text("CREATE TABLE orders (id INT PRIMARY KEY)"))
    settings = Settings(var=tmp_path, shop_url=mysql_url)
    for _ in range(2):
        with pytest.raises(UpkeepError, match=r"shop 的表没有升级完.*从停下的地方接着做.*'orders' already exists"):
            migrate(settings)
        assert free(mysql_url)
    with engine_for(mysql_url).begin() as connection:
        connection.execute(text("DROP TABLE orders"))
    kill_at(mysql_url, "UPDATE alembic_begun_shop SET done", 1)  # now it is ours
    migrate(settings)
    assert in_order(mysql_url)


def test_another_migration_does_not_go_on_with_this_one(mysql_url: str, tmp_path: Path) -> None:
    kill_at(mysql_url, "CREATE TABLE", 9)
    with engine_for(mysql_url).begin() as connection:
        connection.execute(text("UPDATE alembic_begun_shop SET last = 'CREATE TABLE another'"))
    with pytest.raises(UpkeepError, match=r"另一次升级.*alembic_begun_shop"):
        migrate(Settings(var=tmp_path, shop_url=mysql_url))


def test_several_processes_at_once(mysql_url: str, tmp_path: Path) -> None:
    program = "import sys; from bot.db import upgrade; upgrade(sys.argv[1], 'shop')"
    arguments = [sys.executable, "-W", "ignore", "-c", program, mysql_url]
    started = [subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(2)]
    for process in started:
        _, problem = process.communicate(timeout=120)
        assert process.returncode == 0, problem.decode()
    assert in_order(mysql_url) and not versions(Settings(var=tmp_path, shop_url=mysql_url))[0].pending


def test_a_table_in_use_is_waited_for_not_for_ever(
    mysql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.mysql_migrations._IN_USE_SECONDS", 1)
    command.upgrade(migration_config(mysql_url, "shop"), "0001")
    settings = Settings(var=tmp_path, shop_url=mysql_url)
    with engine_for(mysql_url).connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM orders")
        with pytest.raises(UpkeepError, match=r"没有升级完.*Lock wait timeout"):
            migrate(settings)
    migrate(settings)
    assert in_order(mysql_url)


def test_who_waits_too_long_says_so(mysql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "_MIGRATING_SECONDS", 0)
    with engine_for(mysql_url).connect() as other:
        other.exec_driver_sql(f"SELECT GET_LOCK(CONCAT('dianxiaoer_{db._MIGRATING}:', LEFT(MD5(DATABASE()), 16)), 0)")
        with pytest.raises(WaitedTooLong):
            upgrade(mysql_url, "shop")
        other.invalidate()
    upgrade(mysql_url, "shop")


def test_a_server_that_is_too_old_is_named(mysql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.mysql.OLDEST", {"MySQL": (99, 1, 0), "MariaDB": (99, 1, 0)})
    with pytest.raises(UpkeepError, match=r"要 99\.1\.0 或更新的版本，请先升级它"):
        migrate(Settings(var=tmp_path, shop_url=mysql_url))


def test_a_server_that_goes_away_in_the_middle_keeps_no_lock(mysql_url: str) -> None:
    upgrade(mysql_url, "shop")

    def cut(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("DROP TABLE"):
            with engine_for(mysql_url).connect() as other:
                number = connection.connection.dbapi_connection.thread_id()
                other.exec_driver_sql(f"KILL {number}")

    event.listen(engine_for(mysql_url), "before_cursor_execute", cut)
    try:
        with pytest.raises(DBAPIError):
            command.downgrade(migration_config(mysql_url, "shop"), "-1")
    finally:
        event.remove(engine_for(mysql_url), "before_cursor_execute", cut)
    assert free(mysql_url)
    command.downgrade(migration_config(mysql_url, "shop"), "0002")
    upgrade(mysql_url, "shop")
    assert in_order(mysql_url)
