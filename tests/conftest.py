"""Fixtures that several kinds of test share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import mysql_database, postgres_database
from tests.running import Suite, running


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty database of the test's own on the local PostgreSQL server."""
    with postgres_database() as url:
        yield url


@pytest.fixture
def mysql_url() -> Iterator[str]:
    """An empty database of the test's own on the local MariaDB (or MySQL) server."""
    with mysql_database() as url:
        yield url


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """The whole suite on free ports, its clock stopped on a Monday morning, with a fresh demo shop."""
    with running(Path(tmp_path_factory.mktemp("var"))) as started:
        yield started
