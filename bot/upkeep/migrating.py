"""Every room's database at its newest version, whoever else is at it."""

from dataclasses import dataclass

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from bot.database_url import is_mysql
from bot.db import engine_for, migration_config, upgrade
from bot.settings import Settings
from bot.upkeep.problems import UpkeepError
from bot.upkeep.stores import ROOMS, Store, exists, shown, stores


@dataclass(frozen=True)
class Version:
    """Where a room's tables stand (None: there are none yet) and which version the code has."""

    room: str
    current: str | None
    newest: str

    @property
    def pending(self) -> bool:
        """Whether there is something to migrate."""
        return self.current != self.newest


def versions(settings: Settings) -> list[Version]:
    """Every room's version; nothing is made or changed.

    Raises:
        UpkeepError: a database does not answer, or is newer than the code.
    """
    return [_version(store) for store in stores(settings)]


def migrate(settings: Settings) -> list[Version]:
    """Bring every room's tables to the newest version; where each stood before.

    Safe while others do the same: they wait, and find it done.

    Raises:
        UpkeepError: a database does not answer, is newer than the code, or a migration failed (and changed nothing;
            in MySQL the next run goes on where it stopped).
    """
    found = []
    for store in stores(settings):
        before = _version(store)
        if before.pending:
            try:
                upgrade(store.url, store.room)
            except SQLAlchemyError as error:
                raise UpkeepError(f"{store.room} 的表{_left(store)}：{_first_line(error)}") from error
        found.append(before)
    return found


def standing_at(settings: Settings) -> dict[str, str | None]:
    """Room → the version of its tables as they are, also one that this program does not know.

    Raises:
        UpkeepError: a database does not answer.
    """
    return {store.room: _current(store) for store in stores(settings)}


def knows(room: str, version: str | None) -> bool:
    """Whether this program can bring tables of that version to its own."""
    if room not in ROOMS:
        return False
    scripts = ScriptDirectory.from_config(migration_config("", room))
    return version is None or version in {script.revision for script in scripts.walk_revisions()}


def _version(store: Store) -> Version:
    scripts = ScriptDirectory.from_config(migration_config(store.url, store.room))
    current = _current(store)
    if not knows(store.room, current):
        raise UpkeepError(f"{store.room} 的表是版本 {current}，比这份程序新。请换上新版的程序，或恢复旧的备份")
    return Version(store.room, current, scripts.get_current_head() or "")


def _current(store: Store) -> str | None:
    if not exists(store.url):
        return None
    options = {"version_table": migration_config(store.url, store.room).attributes["version_table"]}
    try:
        with engine_for(store.url).connect() as connection:
            found = MigrationContext.configure(connection, opts=options).get_current_revision()
    except SQLAlchemyError as error:
        where = shown(store.url)
        raise UpkeepError(f"{store.room} 的数据库 {where} 用不了：{_first_line(error)}") from error
    return None if found is None else str(found)


def _left(store: Store) -> str:
    if is_mysql(store.url):
        return "没有升级完。改好原因再运行一次，会从停下的地方接着做；原因是"
    return "没有升级成功，没有改动"


def _first_line(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0][:200]
