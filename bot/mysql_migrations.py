"""Migrations on MySQL and MariaDB, which commit after every statement that changes tables.

A migration that was broken off stands half-way then. A note in the database (the table `alembic_begun_<room>`, there
only as long) says how many of its statements are done, and the next run goes on after them. It knows the statements of
`alembic.op`; what a migration does over `op.get_bind()` it does again, so that must bear being done twice.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from alembic.ddl.mysql import MySQLImpl
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, InvalidRequestError, SQLAlchemyError, TimeoutError

from bot.mysql import check_server, number_of

# The table, column, key or constraint is there already; or is gone already.
_DONE_ALREADY = {1050, 1060, 1061, 1826, 3822, 1051, 1091}
_IN_USE_SECONDS = 60  # a table that others read all the time cannot be changed


@contextmanager
def migrating_alone(connection: Connection, name: str, seconds: int) -> Iterator[None]:
    """Of several that migrate this database at once one works, the others wait.

    Raises:
        TimeoutError: it took longer than `seconds`.
        UnsupportedServer: the server is too old.
    """
    check_server(connection)
    lock = f"CONCAT('{name}:', LEFT(MD5(DATABASE()), 16))"  # names are the server's, not the database's
    if connection.exec_driver_sql(f"SELECT GET_LOCK({lock}, {seconds})").scalar() != 1:
        raise TimeoutError(f"another process has been migrating this database for {seconds} seconds")
    connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {_IN_USE_SECONDS}")
    try:
        yield
    finally:
        try:
            connection.exec_driver_sql("SET SESSION lock_wait_timeout = DEFAULT")
            connection.exec_driver_sql(f"SELECT RELEASE_LOCK({lock})")
        except BaseException as error:
            connection.invalidate()  # a connection that ends loses its locks
            if not isinstance(error, SQLAlchemyError):
                raise


@dataclass(frozen=True)
class _Before:
    """How far a migration that was broken off had come: `done` statements, the `last` of them, the one `refused`."""

    done: int = -1
    refused: int = 0
    last: str = ""

    @property
    def begun(self) -> bool:
        return self.done >= 0


class Resumed(MySQLImpl):
    """Alembic's way of talking to MySQL, going on where a migration was broken off."""

    __dialect__ = "mysql"
    _note = ""  # the note's table; while there is none, nothing is noted
    _from = ""  # the version that the running migration starts from
    _number = 0  # of the statement in it
    _before = _Before()

    def watch(self, context: Any, room: str) -> None:
        """Note from now on how far the migrations of `room` are."""
        self._note, self._version_table = f"alembic_begun_{room}", context.version_table
        self._from, self._number, self._before = ",".join(context.get_current_heads()), 0, _Before()
        if self._has_note():
            found = self._run(f"SELECT done, refused, last FROM {self._note} WHERE begun_from = %s", self._from).first()
            self._before = _Before(*found) if found else _Before()

    def applied(self, heads: Iterable[str]) -> None:
        """A migration is through; its note goes with the transaction that writes its version."""
        if self._number:
            self._run(f"DELETE FROM {self._note}")
        self._from, self._number, self._before = ",".join(heads), 0, _Before()

    def finish(self) -> None:
        """All are through."""
        if self._note and self._has_note():
            self._run(f"DROP TABLE {self._note}")

    def _exec(self, construct: Any, *args: Any, **options: Any) -> Any:
        if not self._note or getattr(getattr(construct, "table", None), "name", None) == self._version_table:
            return super()._exec(construct, *args, **options)
        statement = construct if isinstance(construct, str) else str(construct.compile(dialect=self.dialect))
        self._number += 1
        if self._number <= self._before.done:
            if self._number == self._before.done and statement != self._before.last:
                raise InvalidRequestError(f"上次停在半路的是另一次升级，做到哪一步见表 {self._note}")
            return None
        if self._number == 1:
            self._begin()
        if self._number == self._before.refused:  # from here on it may be done without being noted
            self._run(f"UPDATE {self._note} SET refused = 0")
            self._run("COMMIT")
        try:
            result = super()._exec(construct, *args, **options)
        except DBAPIError as error:
            # It may have been done without being noted, but not when it was refused itself: that is somebody else's.
            last = self._before.begun and self._number == self._before.done + 1 != self._before.refused
            if not (last and number_of(error) in _DONE_ALREADY):
                with suppress(SQLAlchemyError):  # the server may be away
                    self._run(f"UPDATE {self._note} SET refused = %s", self._number)
                    self._run("COMMIT")
                raise
            result = None
        self._run(f"UPDATE {self._note} SET done = %s, last = %s", self._number, statement)
        self._run("COMMIT")
        return result

    def _begin(self) -> None:
        columns = "begun_from VARCHAR(200) NOT NULL, done INT NOT NULL, refused INT NOT NULL, last LONGTEXT NOT NULL"
        self._run(f"CREATE TABLE IF NOT EXISTS {self._note} ({columns}) DEFAULT CHARSET=utf8mb4")
        if not self._before.begun:
            self._run(f"DELETE FROM {self._note}")
            self._run(f"INSERT INTO {self._note} VALUES (%s, 0, 0, '')", self._from)
            self._run("COMMIT")

    def _has_note(self) -> bool:
        tables = "information_schema.tables WHERE table_schema = DATABASE() AND table_name"
        return bool(self._run(f"SELECT count(*) FROM {tables} = %s", self._note).scalar())

    def _run(self, statement: str, *values: Any) -> Any:
        assert self.connection is not None
        return self.connection.exec_driver_sql(statement, values)
