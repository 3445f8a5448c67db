"""Whether the services run: a restore must not take the databases from under them, nor they start in the middle of one.

Each service holds a lock on `var/services.lock` together with the others; a restore needs it alone. Services on other
machines are seen by their connections to the database.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.db import engine_for
from bot.settings import Settings, SettingsError
from bot.upkeep.problems import UpkeepError
from bot.upkeep.stores import exists, sharing, sqlite_file

ASIDE = "restoring"  # folder of var/ with the old data, while a restore is under way
_LOCK = "services.lock"
_held: dict[Path, int] = {}


def join(settings: Settings) -> None:
    """This process is a service from now on, until it ends.

    Raises:
        SettingsError: a restore is under way, or has been broken off.
    """
    path = settings.var / _LOCK
    if path in _held:
        return
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise SettingsError("正在恢复备份，请等它结束再启动") from None
    if (settings.var / ASIDE).exists():
        os.close(lock)
        raise SettingsError("上次恢复备份没有做完，数据还不完整，请先运行 python -m bot restore --undo")
    _held[path] = lock


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """No service runs inside the block, and none starts.

    Raises:
        UpkeepError: services run, or something else uses the databases; says what and what to do.
    """
    lock = os.open(settings.var / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UpkeepError("服务还在运行（或者另一个恢复正在进行），请先停掉 make run 再恢复") from None
        for url in sharing(settings):
            who = users_of(url)
            if who:
                raise UpkeepError(f"数据库还有人在用（{'，'.join(who[:5])}），请先停掉它们再恢复")
        yield
    finally:
        os.close(lock)


def users_of(url: str) -> list[str]:
    """Who has the database open besides this process, in words."""
    if not exists(url):
        return []
    engine_for(url).dispose()  # our own idle connections
    place = sqlite_file(url)
    if place is not None:
        return [f"进程 {pid}" for pid in _openers(place.resolve())]
    query = {
        "postgresql": (
            "SELECT application_name, host(client_addr), pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ),
        "mysql": (
            "SELECT user, host, id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
        ),
    }[engine_for(url).dialect.name]
    with engine_for(url).connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(query)]
    engine_for(url).dispose()
    database = make_url(url).database
    return [f"{database} 的连接 {number}，来自 {place or '本机'} {name}".rstrip() for name, place, number in found]


def _openers(place: Path) -> list[int]:
    """Processes that have the file open, as far as we may look (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        try:
            if any(os.readlink(link) == str(place) for link in (folder / "fd").iterdir()):
                found.append(int(folder.name))
        except OSError:  # ended meanwhile, or somebody else's
            continue
    return found
