"""Databases of a test's own on the local PostgreSQL server; DIANXIAOER_TEST_POSTGRES names another one."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from bot.db import engine_for

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
