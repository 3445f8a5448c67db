"""A whole database into a file and back, by the database's own tools, consistent while others write.

SQLite: its online backup. PostgreSQL: pg_dump (custom format), pg_restore and psql. MySQL: mysqldump, mysql.
Passwords go through the environment, never onto a command line.
"""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bot.db import engine_for
from bot.upkeep.problems import UpkeepError
from bot.upkeep.stores import sqlite_file

SUFFIXES = {"sqlite": ".db", "postgresql": ".dump", "mysql": ".sql"}
_PACKAGES = {"postgresql": "postgresql-client", "mysql": "mariadb-client"}
_NO_ROOM = 64 * 1024  # bytes free on a disk that is full
_FULL = re.compile(r"No space left|disk is full|database or disk is full|Errcode: 28", re.IGNORECASE)
# Everything in the schema but what extensions have brought; sequences last, most go with their tables.
_DROP_ALL = """
DO $drop$ DECLARE r record; BEGIN
  FOR r IN SELECT c.relname, c.relkind FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relkind = 'S'
  LOOP
    EXECUTE format('DROP %s IF EXISTS %I CASCADE', CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN
      'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.relname);
  END LOOP;
END $drop$;
"""


def kind_of(url: str) -> str:
    """ "sqlite", "postgresql" or "mysql".

    Raises:
        UpkeepError: another one, which cannot be backed up here.
    """
    name = make_url(url).get_backend_name()
    kind = "mysql" if name == "mariadb" else name
    if kind not in SUFFIXES:
        raise UpkeepError(f"不会备份 {name} 数据库，请用它自己的工具")
    return str(kind)


def dump(url: str, file: Path) -> None:
    """Write everything that is in the database into `file`, as of one moment.

    Raises:
        UpkeepError: a tool is missing, the database does not answer, or the disk is full.
    """
    {"sqlite": _dump_sqlite, "postgresql": _dump_postgresql, "mysql": _dump_mysql}[kind_of(url)](url, file)
    file.chmod(0o600)


def load(url: str, file: Path) -> None:
    """Replace everything that is in the database by what `dump` wrote.

    In PostgreSQL it is one transaction; in the others what was there is gone when it fails.

    Raises:
        UpkeepError: as `dump`, or `file` is none of this kind.
    """
    engine_for(url).dispose()
    {"sqlite": _load_sqlite, "postgresql": _load_postgresql, "mysql": _load_mysql}[kind_of(url)](url, file)


def put_aside(url: str, file: Path) -> None:
    """Keep what is in the database while nobody uses it, also where it is damaged; `take_back` brings it again."""
    place = sqlite_file(url)
    if place is None:
        dump(url, file)
        return
    engine_for(url).dispose()
    for part, kept in zip(_parts(place), _parts(file), strict=True):
        if part.is_file():
            shutil.copyfile(part, kept)


def take_back(url: str, file: Path) -> None:
    """The database as `put_aside` found it."""
    place = sqlite_file(url)
    if place is None:
        load(url, file)
        return
    engine_for(url).dispose()
    for part, kept in zip(_parts(place), _parts(file), strict=True):
        part.unlink(missing_ok=True)
        if kept.is_file():
            shutil.copyfile(kept, part)


def remove(url: str) -> None:
    """Take a SQLite database away; a server's stays."""
    place = sqlite_file(url)
    engine_for(url).dispose()
    for part in _parts(place) if place is not None else []:
        part.unlink(missing_ok=True)


def size_of(url: str) -> int:
    """About how many bytes a dump will have, for the look at the disk."""
    place = sqlite_file(url)
    if place is not None:
        return sum(part.stat().st_size for part in _parts(place) if part.is_file())
    if kind_of(url) != "postgresql":
        return 0
    with engine_for(url).connect() as connection:
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar() or 0)


def _dump_sqlite(url: str, file: Path) -> None:
    place = sqlite_file(url)
    assert place is not None
    source, copy = sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=30), sqlite3.connect(file)
    try:
        # All pages in one step: a reader's view of one moment, which keeps no writer waiting (WAL).
        source.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
        check_sqlite(copy, place.name)
    except sqlite3.Error as error:
        # On a full disk SQLite says "disk I/O error" where its journal or shared memory finds no room.
        full = shutil.disk_usage(file.parent).free < _NO_ROOM
        raise _failed(f"备份 {place.name}", "database or disk is full" if full else str(error)) from error
    finally:
        copy.close()
        source.close()


def check_sqlite(connection: sqlite3.Connection, name: str) -> None:
    """Let SQLite look whether the file is whole.

    Raises:
        UpkeepError: it is damaged, or no database.
    """
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise UpkeepError(f"{name} 不是完好的 SQLite 数据库：{error}") from error
    if found is None or found[0] != "ok":
        raise UpkeepError(f"{name} 这个 SQLite 数据库坏了：{found[0] if found else '空的'}")


def _load_sqlite(url: str, file: Path) -> None:
    place = sqlite_file(url)
    assert place is not None
    place.parent.mkdir(parents=True, exist_ok=True)
    arriving = place.with_name(f"{place.name}.arriving")
    try:
        shutil.copyfile(file, arriving)
        with sqlite3.connect(arriving) as copy:
            check_sqlite(copy, file.name)
        copy.close()
        _to_disk(arriving)
        for part in _parts(place)[1:]:
            part.unlink(missing_ok=True)
        arriving.replace(place)
    except OSError as error:
        raise _failed(f"恢复 {place.name}", str(error)) from error
    finally:
        arriving.unlink(missing_ok=True)


def _parts(place: Path) -> list[Path]:
    """The file of a SQLite database and those beside it."""
    return [place, *(place.with_name(place.name + end) for end in ("-wal", "-shm"))]


def _to_disk(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _dump_postgresql(url: str, file: Path) -> None:
    address, environment = _postgresql_address(url)
    command = [tool("pg_dump", "postgresql"), "--format=custom", "--no-owner", "--no-privileges"]
    _run([*command, f"--file={file}", f"--dbname={address}"], environment, f"备份数据库 {make_url(url).database}")


def _load_postgresql(url: str, file: Path) -> None:
    address, environment = _postgresql_address(url)
    with engine_for(url).connect() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    engine_for(url).dispose()
    unpack = [tool("pg_restore", "postgresql"), "--no-owner", "--no-privileges", f"--schema={schema}", "--file=-"]
    into = [tool("psql", "postgresql"), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", address, "-f", "-"]
    with tempfile.TemporaryFile() as told:
        reader = subprocess.Popen([*unpack, str(file)], stdout=subprocess.PIPE, stderr=told, env=environment)
        writer = subprocess.Popen(into, stdin=subprocess.PIPE, stdout=told, stderr=told, env=environment)
        assert reader.stdout is not None and writer.stdin is not None
        try:
            writer.stdin.write(_DROP_ALL.encode())
            shutil.copyfileobj(reader.stdout, writer.stdin)
        except BrokenPipeError:  # psql has stopped at an error
            reader.kill()
        if reader.wait() != 0:
            writer.kill()  # before it sees the end of its input, which it would commit
        with contextlib.suppress(BrokenPipeError):
            writer.stdin.close()
        failed = writer.wait() != 0 or reader.returncode != 0
        reader.stdout.close()
        told.seek(0)
        if failed:
            raise _failed(f"恢复数据库 {make_url(url).database}", told.read().decode(errors="replace"))


def _postgresql_address(url: str) -> tuple[str, dict[str, str]]:
    """libpq's connection string without the password, and the environment with it."""
    parsed = make_url(url)
    parts: dict[str, Any] = {
        "host": parsed.host, "port": parsed.port, "user": parsed.username, "dbname": parsed.database, **parsed.query,
    }  # fmt: skip

    def quoted(value: Any) -> str:
        return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"

    address = " ".join(f"{name}={quoted(value)}" for name, value in parts.items() if value)
    secret = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    return address, {**os.environ, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "10", **secret}


def _dump_mysql(url: str, file: Path) -> None:
    address, environment = _mysql_address(url)
    options = ["--single-transaction", "--quick", "--hex-blob", "--no-tablespaces", "--default-character-set=utf8mb4"]
    options += ["--skip-add-locks"]  # a restore has the database to itself, and locks need a right of their own
    database = str(make_url(url).database)
    command = [tool("mysqldump", "mysql"), *address, *options, f"--result-file={file}", database]
    _run(command, environment, f"备份数据库 {database}")


def _load_mysql(url: str, file: Path) -> None:
    address, environment = _mysql_address(url)
    database = str(make_url(url).database)
    client = [tool("mysql", "mysql"), *address, "--default-character-set=utf8mb4", database]
    doing = f"恢复数据库 {database}"
    ask = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    tables = _run([*client, "-N", "-B", "-e", ask], environment, doing).split("\n")
    drops = "".join(f"DROP TABLE IF EXISTS `{name.replace('`', '``')}`;" for name in tables if name)
    _run([*client, "-e", f"SET FOREIGN_KEY_CHECKS=0;{drops}"], environment, doing)
    with file.open("rb") as content:
        _run(client, environment, doing, content)


def _mysql_address(url: str) -> tuple[list[str], dict[str, str]]:
    parsed = make_url(url)
    parts = {"host": parsed.host, "port": parsed.port, "user": parsed.username}
    arguments = [f"--{name}={value}" for name, value in parts.items() if value]
    arguments += ["--protocol=TCP"] if parsed.host else []
    secret = {"MYSQL_PWD": str(parsed.password)} if parsed.password else {}
    return arguments, {**os.environ, "LC_ALL": "C", **secret}


def tool(name: str, kind: str) -> str:
    """The path of a program of PostgreSQL or MySQL.

    Raises:
        UpkeepError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:  # Debian keeps some of PostgreSQL's out of the way, a folder a version
        places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
        found = str(places[-1]) if places else None
    if found is None:
        package = _PACKAGES[kind]
        raise UpkeepError(f"没有找到 {name}，备份和恢复要用它。请安装（sudo apt-get install {package}）后再试")
    return found


def _run(command: Sequence[str], environment: Mapping[str, str], doing: str, content: Any = None) -> str:
    """What the program prints.

    Raises:
        UpkeepError: it failed; with its own words.
    """
    given = content if content is not None else subprocess.DEVNULL
    done = subprocess.run(command, env=environment, stdin=given, capture_output=True, check=False)
    if done.returncode != 0:
        raise _failed(doing, done.stderr.decode(errors="replace"))
    return done.stdout.decode()


def _failed(doing: str, told: str) -> UpkeepError:
    if _FULL.search(told):
        return UpkeepError(f"{doing}没有成功：磁盘满了，请腾出空间后再试")
    lines = [line for line in told.strip().splitlines() if line.strip()]
    known = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "没有说明原因")
    return UpkeepError(f"{doing}没有成功：{known[:300]}")
