"""Fixtures that several kinds of test share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Suite, start


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """The whole suite on free ports, its clock stopped on a Monday morning, with a fresh demo shop."""
    running = start(Path(tmp_path_factory.mktemp("var")))
    yield running
    running.stop()
