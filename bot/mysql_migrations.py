"""Migrations on MySQL and MariaDB, which commit after every statement that changes tables.

A migration that was broken off stands half-way then. A note in the database (`alembic_begun_<room>`) says so, and the
next run goes on: what that migration finds done already (the table is there, the column, the index) it leaves as it is.
Statements of a migration that change rows must bear being run twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic.ddl.mysql import MySQLImpl
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError

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
        except SQLAlchemyError:
            connection.invalidate()  # a connection that ends loses its locks


class Resumed(MySQLImpl):
    """Alembic's way of talking to MySQL, going on where a migration was broken off."""

    __dialect__ = "mysql"
    _note = ""
    _begun = False
    _resumes = False

    def watch(self, room: str) -> None:
        """From now on the migrations of `room` can be broken off."""
        self._note = f"alembic_begun_{room}"
        self._resumes = self._has_note() and bool(self._run(f"SELECT count(*) FROM {self._note}").scalar())

    def applied(self) -> None:
        """A migration is through; its note goes with the transaction that writes its number."""
        if self._begun:
            self._run(f"DELETE FROM {self._note}")
        self._begun = self._resumes = False

    def finish(self) -> None:
        """All are through."""
        if self._note and self._has_note():
            self._run(f"DROP TABLE {self._note}")

    def _exec(self, construct: Any, *args: Any, **options: Any) -> Any:
        if self._note and not self._begun:
            self._begin()
        try:
            return super()._exec(construct, *args, **options)
        except DBAPIError as error:
            if self._resumes and number_of(error) in _DONE_ALREADY:
                return None
            raise

    def _begin(self) -> None:
        self._begun = True
        self._run(f"CREATE TABLE IF NOT EXISTS {self._note} (begun_at DATETIME NOT NULL)")
        if not self._resumes:
            self._run(f"INSERT INTO {self._note} VALUES (UTC_TIMESTAMP())")
            self._run("COMMIT")

    def _has_note(self) -> bool:
        return bool(
            self._run(
                "SELECT count(*) FROM information_schema.tables"
                f" WHERE table_schema = DATABASE() AND table_name = '{self._note}'"
            ).scalar()
        )

    def _run(self, statement: str) -> Any:
        assert self.connection is not None
        return self.connection.exec_driver_sql(statement)
