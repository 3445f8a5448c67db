"""Backup and restore: whole or not at all, consistent while the shop goes on, and nobody erased comes back."""

import errno
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import MetaData, create_engine, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from bot import cli, clock
from bot.clock import now
from bot.conversations.tables import Conversation, Message
from bot.db import engine_for, migration_config, reading, writing
from bot.settings import ROOT, Settings, SettingsError
from bot.shop.trade_tables import CustomerRow, OrderRow
from bot.upkeep import UpkeepError, backing_up, daily, dumping, manifest, presence, restoring
from bot.upkeep.backing_up import backup, backups
from bot.upkeep.migrating import standing_at, versions
from bot.upkeep.requests import erase
from bot.upkeep.restoring import restore, undo
from bot.upkeep.stores import databases
from bot.upkeep_settings import Backup
from tests.unit.upkeep.conftest import with_mariadb
from tests.unit.upkeep.test_erase import left
from tests.unit.upkeep.traces import chat, everything


def rows(settings: Settings) -> dict[str, list[str]]:
    """Every row of every table, read without the code under test."""
    found = {}
    for title, url in databases(settings).items():
        tables = MetaData()
        tables.reflect(engine_for(url))
        with engine_for(url).connect() as connection:
            for table in tables.sorted_tables:
                read = [repr(tuple(row)) for row in connection.execute(select(table))]
                found[f"{title}/{table.name}"] = sorted(read)
    return found


def files(settings: Settings) -> dict[str, bytes]:
    """Customers' files, by their paths."""
    return {
        f"{name}/{path.name}": path.read_bytes()
        for name in ("media", "uploads")
        for path in sorted((settings.var / name).glob("**/*"))
        if path.is_file()
    }


def ruin(settings: Settings) -> None:
    """A bad day: rows changed and gone, files gone, a table more."""
    with writing(settings.shop_url) as session:
        session.execute(update(OrderRow).values(amount_fen=1))
    with engine_for(settings.chat_url).begin() as connection:
        connection.execute(text("CREATE TABLE later_plugin (id INTEGER PRIMARY KEY, words TEXT)"))
        connection.execute(text("DELETE FROM conversation_surveys"))
    shutil.rmtree(settings.var / "media")
    (settings.var / "uploads" / "new.png").write_bytes(b"new")


@with_mariadb
def test_everything_comes_back_row_by_row(lived_in: Settings, tmp_path: Path) -> None:
    before, had = rows(lived_in), files(lived_in)
    assert sum(map(len, before.values())) > 60 and len(had) == 4
    made = backup(lived_in, tmp_path / "elsewhere")
    ruin(lived_in)
    with pytest.raises(UpkeepError, match="--yes"):
        restore(lived_in, made)
    done = restore(lived_in, made, yes=True)
    assert rows(lived_in) == before and files(lived_in) == had
    assert done.erased.came == 0 and not any(version.pending for version in done.versions)
    assert not [path for path in lived_in.var.iterdir() if "restoring" in path.name]
    # The new rows of a serial key go on where the old ones ended.
    with writing(lived_in.chat_url) as session:
        session.add(
            Message(conversation_id=chat(1), number=9, author="bot", content={"text": "您好"}, created_at=now())
        )


def _volumes(settings: Settings) -> list[int]:
    return [(settings.var / name).stat().st_ino for name in ("media", "uploads")]


def test_a_volume_is_filled_anew_and_stays_where_it_is(
    lived_in: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "_mounted", lambda place: place.name in ("media", "uploads"))
    (lived_in.var / "uploads" / "2026").mkdir()
    (lived_in.var / "uploads" / "2026" / "deep.png").write_bytes(b"deep")
    had, volumes = files(lived_in), _volumes(lived_in)
    made = backup(lived_in, tmp_path / "elsewhere")
    (lived_in.var / "uploads" / "new.png").write_bytes(b"new")
    shutil.rmtree(lived_in.var / "uploads" / "2026")
    for path in (lived_in.var / "media").iterdir():
        path.unlink()
    now_there = files(lived_in)
    with monkeypatch.context() as broken:
        broken.setattr(restoring, "migrate", lambda _settings: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(UpkeepError, match="没有变"):
            restore(lived_in, made, yes=True)
    assert files(lived_in) == now_there and _volumes(lived_in) == volumes
    restore(lived_in, made, yes=True)
    assert files(lived_in) == had and _volumes(lived_in) == volumes
    assert (lived_in.var / "uploads" / "2026" / "deep.png").read_bytes() == b"deep"


def test_what_is_mounted_is_known(tmp_path: Path) -> None:
    assert restoring._mounted(Path("/proc")) and not restoring._mounted(tmp_path)
    assert not restoring._mounted(tmp_path / "none")


def _write(url: str, stop: Any) -> None:
    """A shop at work: each transaction adds a message and raises the number of its conversation."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 30} if "sqlite" in url else {})
    number = 10
    while not stop.is_set():
        number += 1
        with engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO conversation_messages (conversation_id, number, author, content, state, created_at)"
                    " VALUES (:chat, :number, 'customer', :content, 'done', '2026-11-26 04:00:00')"
                ),
                {"chat": chat(1), "number": number, "content": json.dumps({"text": "在吗" * 200})},
            )
            connection.execute(
                text("UPDATE conversations SET last_number = :number WHERE id = :chat"),
                {"chat": chat(1), "number": number},
            )


def test_while_the_shop_writes_it_is_as_of_one_moment(lived_in: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    writers = [context.Process(target=_write, args=(lived_in.chat_url, stop))]
    for writer in writers:
        writer.start()
    _wait(lambda: _last(lived_in) > 30)
    made = [backup(lived_in) for _ in range(2)]
    during = _last(lived_in)
    _wait(lambda: _last(lived_in) > during + 5)  # the writer was not held up
    stop.set()
    for writer in writers:
        writer.join(30)
        assert writer.exitcode == 0
    seen = []
    for one in made:
        restore(lived_in, one, yes=True)
        with reading(lived_in.chat_url) as session:
            last = session.get(Conversation, chat(1)).last_number
            numbers = session.scalars(select(Message.number).where(Message.conversation_id == chat(1))).all()
        assert max(numbers) == last and set(range(11, last + 1)) <= set(numbers)
        seen.append(last)
    assert 30 < seen[0] < seen[1] <= during


def _last(settings: Settings) -> int:
    with reading(settings.chat_url) as session:
        return int(session.get(Conversation, chat(1)).last_number)


def _wait(ready: Any, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.02)


def _damage(folder: Path, how: str) -> None:
    (dump,) = sorted((folder / "databases").iterdir())[:1]
    if how == "changed":
        content = bytearray(dump.read_bytes())
        content[len(content) // 2] ^= 1
        dump.write_bytes(content)
    elif how == "truncated":
        os.truncate(dump, dump.stat().st_size // 2)
    elif how == "missing":
        next((folder / "var" / "media").iterdir()).unlink()
    elif how == "foreign":
        (folder / "var" / "media" / "stranger").write_bytes(b"x")
    elif how == "a link":
        shutil.copy(dump, folder.parent / "copy")
        dump.unlink()
        dump.symlink_to(folder.parent / "copy")
    elif how == "half a manifest":
        os.truncate(folder / manifest.NAME, 200)
    elif how == "no manifest":
        (folder / manifest.NAME).unlink()
    else:
        _edit(folder, how)


def _edit(folder: Path, how: str) -> None:
    body = json.loads((folder / manifest.NAME).read_text(encoding="utf8"))
    if how == "a way out":
        body["databases"][0]["file"] = "../../outside"
    elif how == "newer tables":
        body["rooms"]["quality"] = "9999"
    elif how == "an unknown room":
        body["rooms"]["delivery"] = "0001"
    elif how == "newer format":
        body["format"] = 2
    elif how == "another database":
        body["databases"][0]["kind"] = "mysql"
    elif how == "another sharing":
        body["databases"][0]["stores"] = ["shop", "tracker"]
    (folder / manifest.NAME).write_text(json.dumps(body), encoding="utf8")


WRONG = {
    "changed": "内容变了", "truncated": "大小不对", "missing": "缺少", "foreign": "不是这份备份里的",
    "a link": "缺少", "half a manifest": "读不了", "no manifest": "不是一份完整的备份", "a way out": "内容不对",
    "newer tables": "比这份程序新", "an unknown room": "比这份程序新", "newer format": "更新的程序",
    "another database": "请先改成一样", "another sharing": "请先改成一样",
}  # fmt: skip


def test_what_is_damaged_foreign_or_newer_is_refused_and_changes_nothing(lived_in: Settings, tmp_path: Path) -> None:
    made = backup(lived_in)
    before = everything(lived_in)
    for number, (how, says) in enumerate(WRONG.items()):
        copy = tmp_path / str(number) / made.name
        shutil.copytree(made, copy)
        _damage(copy, how)
        with pytest.raises(UpkeepError, match=says):
            restore(lived_in, copy, yes=True)
        assert not (lived_in.var / presence.ASIDE).exists(), how
    assert everything(lived_in) == before


def test_a_dump_that_only_pretends_leaves_everything_as_it_was(lived_in: Settings) -> None:
    made = backup(lived_in)
    before, had = rows(lived_in), files(lived_in)
    dump = sorted((made / "databases").iterdir())[-1]  # the others are replaced before it
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    body = json.loads((made / manifest.NAME).read_text(encoding="utf8"))
    name = dump.relative_to(made).as_posix()
    body["files"][name] = vars(manifest.describe(made)[name])
    (made / manifest.NAME).write_text(json.dumps(body), encoding="utf8")
    (lived_in.var / "uploads" / "later.png").write_bytes(b"later")
    had = files(lived_in)
    with pytest.raises(UpkeepError):
        restore(lived_in, made, yes=True)
    assert rows(lived_in) == before and files(lived_in) == had
    presence.join(lived_in)  # services may start


@pytest.mark.parametrize("volumes", [(), ("media", "uploads")])
@pytest.mark.parametrize("at", ["_check_versions", "_swap_folders", "ask_again"])
def test_killed_half_way_no_service_starts_and_undo_puts_it_back(
    lived_in: Settings, at: str, volumes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "_mounted", lambda place: place.name in volumes)
    made = backup(lived_in)
    ruin(lived_in)
    for name in volumes:
        (lived_in.var / name).mkdir(exist_ok=True)
    before, had = rows(lived_in), files(lived_in)
    program = (
        "import os, sys, signal; from pathlib import Path; from bot.settings import Settings;"
        "from bot.upkeep import restoring;"
        f"restoring._mounted = lambda place: place.name in {volumes!r};"
        f"restoring.{at} = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "restoring.restore(Settings.parse_raw(sys.argv[1]), Path(sys.argv[2]), yes=True)"
    )
    for url in databases(lived_in).values():
        engine_for(url).dispose()
    killed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, lived_in.json(), str(made)], cwd=ROOT, timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(SettingsError, match="restore --undo"):
        presence.join(lived_in)
    with pytest.raises(UpkeepError, match="restore --undo"):
        restore(lived_in, made, yes=True)
    _wait(lambda: not any(presence.users_of(url) for url in databases(lived_in).values()))
    undo(lived_in)
    assert rows(lived_in) == before and files(lived_in) == had
    with pytest.raises(UpkeepError, match="没有做了一半的恢复"):
        undo(lived_in)


def test_an_older_version_is_brought_on(lived_in: Settings) -> None:
    command.downgrade(migration_config(lived_in.shop_url, "shop"), "-1")
    made = backup(lived_in)
    assert manifest.read(made).rooms["shop"] == standing_at(lived_in)["shop"] != versions(lived_in)[0].newest
    ruin(lived_in)
    done = restore(lived_in, made, yes=True)
    assert [version.room for version in done.versions if version.pending] == ["shop"]
    assert not any(version.pending for version in versions(lived_in))
    with reading(lived_in.shop_url) as session:
        assert session.get(OrderRow, "DX1").amount_fen == 100


@with_mariadb
def test_whom_the_shop_has_erased_does_not_come_back(lived_in: Settings, tmp_path: Path) -> None:
    made = backup(lived_in, tmp_path / "to")
    others = left(lived_in, 2)
    erase(lived_in, "C1")
    done = restore(lived_in, made, yes=True)
    assert (done.erased.came, done.erased.erased) == (1, 1)
    assert left(lived_in, 1) == [] and left(lived_in, 2) == others
    # A backup from after the erasure brings nobody, and nobody is erased for having been erased before.
    later = backup(lived_in, tmp_path / "to")
    assert restore(lived_in, later, yes=True).erased.came == 0
    with reading(lived_in.shop_url) as session:
        assert session.get(CustomerRow, "C2").erased_at is None


def test_of_whom_orders_are_open_again_the_request_waits(
    lived_in: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with writing(lived_in.shop_url) as session:
        session.execute(update(OrderRow).where(OrderRow.no == "DX1").values(status="shipped"))
    made = backup(lived_in, tmp_path / "to")
    with writing(lived_in.shop_url) as session:
        session.execute(update(OrderRow).where(OrderRow.no == "DX1").values(status="completed"))
    erase(lived_in, "C1")
    monkeypatch.setattr("bot.commands.upkeep.get_settings", lambda: lived_in)
    assert cli.main(["restore", str(made), "--yes"]) == 0
    assert "还有 1 位没有删" in capsys.readouterr().out
    with writing(lived_in.shop_url) as session:
        session.execute(update(OrderRow).where(OrderRow.no == "DX1").values(status="completed"))
    assert cli.main(["erase", "--waiting"]) == 0
    assert left(lived_in, 1) == []


@with_mariadb
def test_running_services_are_in_the_way(lived_in: Settings, tmp_path: Path) -> None:
    made = backup(lived_in)
    program = (
        "import sys; from bot.settings import Settings; from bot.upkeep.presence import join;"
        "join(Settings.parse_raw(sys.argv[1])); print('here', flush=True); sys.stdin.read()"
    )
    command_line = [sys.executable, "-W", "ignore", "-c", program, lived_in.json()]
    service = subprocess.Popen(command_line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert service.stdin is not None and service.stdout is not None
    assert service.stdout.readline() == b"here\n"
    with pytest.raises(UpkeepError, match="服务还在运行"):
        restore(lived_in, made, yes=True)
    service.stdin.close()
    service.wait(30)
    service.stdout.close()
    # Somebody on another machine, or at the database itself.
    program = (
        "import sys; from bot.db import engine_for; c = engine_for(sys.argv[1]).connect();"
        "c.exec_driver_sql('SELECT 1'); print('here', flush=True); sys.stdin.read()"
    )
    command_line = [sys.executable, "-W", "ignore", "-c", program, lived_in.knowledge_url]
    reader = subprocess.Popen(command_line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert reader.stdin is not None and reader.stdout is not None
    assert reader.stdout.readline() == b"here\n"
    with pytest.raises(UpkeepError, match="数据库还有人在用"):
        restore(lived_in, made, yes=True)
    reader.stdin.close()
    reader.wait(30)
    reader.stdout.close()
    with presence.alone(lived_in), pytest.raises(SettingsError, match="正在恢复"):
        presence.join(lived_in)


def test_a_full_disk_leaves_nothing_behind(lived_in: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "to"
    monkeypatch.setattr(backing_up, "_SPARE", 10**18)
    with pytest.raises(UpkeepError, match=r"磁盘只剩 \d+ MB"):
        backup(lived_in, target)
    monkeypatch.setattr(backing_up, "_SPARE", 0)

    def full(_url: str, file: Path) -> None:
        file.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(dumping, "dump", full)
    with pytest.raises(UpkeepError, match="磁盘满了"):
        backup(lived_in, target)
    assert [path.name for path in target.iterdir()] == [".lock"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("不能挂载 tmpfs（要有 root 权限）")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_while_it_is_written(
    lived_in: Settings, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "_check_room", lambda *_: None)
    (lived_in.var / "media" / "large").write_bytes(os.urandom(2**21))
    with pytest.raises(UpkeepError, match="磁盘满了"):
        backup(lived_in, small_disk)
    assert [path.name for path in small_disk.iterdir()] == [".lock"]
    # And when it is the database that does not fit.
    with engine_for(lived_in.shop_url).begin() as connection:
        connection.execute(text("CREATE TABLE large (words TEXT)"))
        for _ in range(40):
            connection.execute(text("INSERT INTO large VALUES (:w)"), {"w": os.urandom(50_000).hex()})
    (lived_in.var / "media" / "large").unlink()
    with pytest.raises(UpkeepError, match="磁盘满了"):
        backup(lived_in, small_disk)
    assert [path.name for path in small_disk.iterdir()] == [".lock"]


def test_only_the_newest_stay_and_leftovers_go(house: Settings, tmp_path: Path) -> None:
    target = tmp_path / "to"
    killed = target / ".dianxiaoer-20200101T000000Z"
    (killed / "databases").mkdir(parents=True)
    (target / "dianxiaoer-20200101T000000Z").mkdir()  # somebody's, without a manifest: none of ours
    made = [backup(house, target, keep=2) for _ in range(3)]
    assert not killed.exists() and (target / "dianxiaoer-20200101T000000Z").is_dir()
    assert backups(target) == made[1:] and not made[0].exists()
    with backing_up._alone(target), pytest.raises(UpkeepError, match="另一个备份"):
        backup(house, target)


def test_no_key_and_no_password_is_in_it(house: Settings) -> None:
    (house.var / "rasa.token").write_text("a-secret-token")
    made = backup(house)
    assert made.stat().st_mode & 0o077 == 0
    names = [path.name for path in made.rglob("*")]
    assert "rasa.token" not in names and "operations.yml" in names
    assert manifest.read(made).made_at <= datetime.now(timezone.utc)


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
def test_what_people_edit_is_in_it_with_every_profile(
    house: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "ROOT", tmp_path / "shop")
    edited = {"data/operations.yml", "domain.yml", "config.yml", "credentials.yml", "endpoints.yml"}
    edited |= {"endpoints.cluster.yml", "endpoints.of-a-shop.yml"}
    for name in (*edited, "Makefile", "bot/endpoints.yml"):
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text(f"# {name}")
    kept = backup(house) / "project"
    assert {path.relative_to(kept).as_posix(): path.read_text() for path in kept.rglob("*.*")} == {
        name: f"# {name}" for name in edited
    }


def test_each_day_one_process_of_the_cluster_makes_it(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.operations, "backup", Backup(at="03:30", keep=2))
    early, late = (datetime(2026, 11, 26, hour, 31, tzinfo=clock.shop_zone()) for hour in (2, 3))
    with clock.freeze(early):
        assert not daily.backup_when_due(house)
    with clock.freeze(late):
        ready = threading.Barrier(4)

        def tick() -> bool:
            ready.wait()
            return daily.backup_when_due(house)

        with ThreadPoolExecutor(4) as threads:
            done = [thread.result() for thread in [threads.submit(tick) for _ in range(4)]]
        assert sorted(done) == [False, False, False, True] and len(backups(house.var / "backups")) == 1
        assert not daily.backup_when_due(house)
    with clock.freeze(late.replace(day=27)):
        monkeypatch.setattr(backing_up, "_SPARE", 10**18)
        assert not daily.backup_when_due(house)  # said in the log, tried again later
        monkeypatch.setattr(backing_up, "_SPARE", 0)
        assert not daily.backup_when_due(house)
        monkeypatch.setattr(daily.time, "time", lambda now=time.time: now() + daily.AGAIN)
        assert daily.backup_when_due(house) and len(backups(house.var / "backups")) == 2


def test_by_command(
    lived_in: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("bot.commands.upkeep.get_settings", lambda: lived_in)
    assert cli.main(["backup", "--to", str(tmp_path / "to"), "--keep", "1"]) == 0
    assert "✓ 备份在" in capsys.readouterr().out
    (made,) = backups(tmp_path / "to")
    assert cli.main(["restore", str(made)]) == 1
    assert "加上 --yes" in capsys.readouterr().err
    assert cli.main(["restore", str(made), "--yes"]) == 0
    assert "✓ 已恢复到" in capsys.readouterr().out
    assert cli.main(["restore"]) == 1 and cli.main(["restore", "--undo"]) == 1
    assert "没有做了一半的恢复" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["backup", "--keep", "-1"])


def test_a_missing_tool_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(dumping.Path, "glob", lambda *_: iter(()))
    with pytest.raises(UpkeepError, match=r"没有找到 pg_dump.*postgresql-client"):
        dumping.dump("postgresql://postgres@127.0.0.1/none", tmp_path / "x")
    with pytest.raises(UpkeepError, match="没有找到 mysqldump"):
        dumping.dump("mysql://root@127.0.0.1/none", tmp_path / "x")
    with pytest.raises(UpkeepError, match="不会备份 oracle"):
        dumping.kind_of("oracle://x")


def test_a_damaged_database_is_no_hindrance(lived_in: Settings) -> None:
    if not lived_in.chat_url.startswith("sqlite"):
        pytest.skip("SQLite 的文件才会坏成这样")
    before = rows(lived_in)
    made = backup(lived_in)
    for url in databases(lived_in).values():
        engine_for(url).dispose()
    for name in ("chat", "shop"):
        (lived_in.var / f"{name}.db").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(UpkeepError, match="加上 --yes"):
        restore(lived_in, made)
    restore(lived_in, made, yes=True)
    assert rows(lived_in) == before


def test_mariadb_there_and_back(mysql_url: str, tmp_path: Path) -> None:
    def sql(statement: str) -> str:
        """The rows of the last statement, by the server's own client."""
        command_line = ["mysql", "--no-defaults", "--protocol=TCP", "-h", "127.0.0.1", "-u", "root", "-N"]
        command_line += ["--default-character-set=utf8mb4", str(make_url(mysql_url).database)]
        return subprocess.run([*command_line, "-e", statement], capture_output=True, text=True, check=True).stdout

    if not os.environ.get("CI") and (shutil.which("mysql") is None or shutil.which("mysqldump") is None):
        pytest.skip("本机没有 MariaDB 的命令行工具")
    sql("CREATE TABLE a (id INT PRIMARY KEY, words TEXT) DEFAULT CHARSET utf8mb4")
    sql("CREATE TABLE b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id), data BLOB)")
    sql("INSERT INTO a VALUES (1, '你好😀'); INSERT INTO b VALUES (1, 1, x'00ff0a')")
    dumping.dump(mysql_url, tmp_path / "x.sql")
    sql("DELETE FROM b; DROP TABLE b; UPDATE a SET words = ''; CREATE TABLE c (id INT)")
    dumping.load(mysql_url, tmp_path / "x.sql")
    assert sql("SELECT words, hex(data), b.a FROM a JOIN b ON b.a = a.id").split() == ["你好😀", "00FF0A", "1"]
    assert sql("SHOW TABLES").split() == ["a", "b"]
    (tmp_path / "bad.sql").write_text("THIS IS NO SQL;", encoding="utf8")
    with pytest.raises(UpkeepError, match="没有成功：ERROR 1064"):
        dumping.load(mysql_url, tmp_path / "bad.sql")


def test_the_sqlite_copy_needs_no_log_beside_it(house: Settings) -> None:
    made = backup(house)
    for dump in (made / "databases").glob("*.db"):
        connection = sqlite3.connect(f"file:{dump}?immutable=1", uri=True)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        connection.close()


def test_the_modules_name_what_a_restore_swaps() -> None:
    assert set(restoring._SWAPPED) | {"erasures"} == {*backing_up.BEFORE, *backing_up.AFTER}
