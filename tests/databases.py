"""Databases of a test's own on the local servers; DIANXIAOER_TEST_POSTGRES and DIANXIAOER_TEST_MYSQL name others."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from bot.database_url import with_driver
from bot.db import engine_for

MYSQL_SERVER = os.environ.get("DIANXIAOER_TEST_MYSQL", "mysql://root@127.0.0.1:3306/")
# What docs/operations.md tells the administrator to grant: the tests have no more.
MYSQL_RIGHTS = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES"
SERVER = os.environ.get("DIANXIAOER_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextmanager
def postgres_database(template: str = "template1") -> Iterator[str]:
    """The address of a new database, a copy of `template` (a name); dropped at the end.

    Without a server the test is skipped; on CI it fails, because there it must not go unnoticed.
    """
    name = f"dianxiaoer_test_{uuid.uuid4().hex[:12]}"
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    except OperationalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"本机没有 PostgreSQL：{error.orig}")
    url = f"{SERVER.rsplit('/', 1)[0]}/{name}"
    try:
        yield url
    finally:
        engine_for(url).dispose()
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()


@contextmanager
def mysql_database() -> Iterator[str]:
    """The address of a new, empty database on MariaDB or MySQL, with a user of its own; both dropped at the end.

    Without a server the test is skipped; on CI it fails, because there it must not go unnoticed.
    """
    name = f"dianxiaoer_test_{uuid.uuid4().hex[:12]}"
    secret = uuid.uuid4().hex
    server = create_engine(with_driver(MYSQL_SERVER), connect_args={"connect_timeout": 3}, future=True)
    try:
        with server.connect() as connection:
            # A default that compares loosely: what the shop needs it must say itself.
            connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
            connection.exec_driver_sql(f"CREATE USER {name}@'%%' IDENTIFIED BY '{secret}'")
            connection.exec_driver_sql(f"GRANT {MYSQL_RIGHTS} ON {name}.* TO {name}@'%%'")
    except OperationalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"本机没有 MariaDB：{error.orig}")
    place = make_url(MYSQL_SERVER)
    url = f"mysql://{name}:{secret}@{place.host}:{place.port or 3306}/{name}"
    try:
        yield url
    finally:
        engine_for(url).dispose()
        with server.connect() as connection:
            users = "SELECT id FROM information_schema.processlist WHERE db = %s"
            for number in connection.exec_driver_sql(users, (name,)).scalars().all():
                with suppress(OperationalError):  # it has gone meanwhile
                    connection.exec_driver_sql(f"KILL {number}")
            connection.exec_driver_sql("SET SESSION lock_wait_timeout = 20")
            connection.exec_driver_sql(f"DROP DATABASE {name}")
            connection.exec_driver_sql(f"DROP USER {name}@'%%'")
        server.dispose()


def emptied(url: str, kept: Callable[[str], bool]) -> None:
    """Delete all rows of a MySQL database but those of the tables that are `kept`: quicker than tables made anew."""
    with engine_for(url).begin() as connection:
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
        for (table,) in connection.exec_driver_sql("SHOW TABLES").all():
            if not kept(table):
                connection.exec_driver_sql(f"DELETE FROM `{table}`")
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 1")
