"""Every room's database at its newest version, whoever else is at it."""

from dataclasses import dataclass

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from bot.db import engine_for, migration_config, upgrade
from bot.settings import Settings
from bot.upkeep.problems import UpkeepError
from bot.upkeep.stores import Store, exists, shown, stores


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
        UpkeepError: a database does not answer, is newer than the code, or a migration failed (and changed nothing).
    """
    found = []
    for store in stores(settings):
        before = _version(store)
        if before.pending:
            try:
                upgrade(store.url, store.room)
            except SQLAlchemyError as error:
                raise UpkeepError(f"{store.room} 的表没有升级成功，没有改动：{_first_line(error)}") from error
        found.append(before)
    return found


def _version(store: Store) -> Version:
    config = migration_config(store.url, store.room)
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head() or ""
    if not exists(store.url):
        return Version(store.room, None, newest)
    options = {"version_table": config.attributes["version_table"]}
    try:
        with engine_for(store.url).connect() as connection:
            current = MigrationContext.configure(connection, opts=options).get_current_revision()
    except SQLAlchemyError as error:
        where = shown(store.url)
        raise UpkeepError(f"{store.room} 的数据库 {where} 用不了：{_first_line(error)}") from error
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise UpkeepError(f"{store.room} 的表是版本 {current}，比这份程序新。请换上新版的程序，或恢复旧的备份")
    return Version(store.room, current, newest)


def _first_line(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0][:200]
