"""The disk of the servers is full, for as long as a service would be away."""

import os
import time
from pathlib import Path

import pytest

from tests.faults.cluster import SECONDS, Cluster
from tests.faults.conftest import UnderLoad
from tests.faults.customers import Load

pytestmark = pytest.mark.faults
_PIECE = 64 * 1024


def test_a_full_disk(cluster: Cluster, under_load: UnderLoad) -> None:
    """Customers' words go on into the database, and events wait in memory."""
    if not cluster.own_disk:
        pytest.skip("不能挂载 tmpfs（要 root 权限），没有小磁盘可以写满")

    def breaking(load: Load) -> None:
        filler = cluster.var / "filler"
        try:
            fill(filler)
            load.wait_answers(5)
            fill(filler)  # what was freed meanwhile too
            cluster.kill("actions")  # a server that is started on a full disk
            cluster.await_all()
            time.sleep(SECONDS / 2)
            fill(filler)
            load.wait_answers(5)
        finally:
            filler.unlink()

    under_load(breaking, puts_off=True)  # the action server that was killed begins cold


def fill(path: Path) -> None:
    """Write until there is no room for one more byte."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    size = _PIECE
    try:
        while size:
            try:
                if os.write(file, b"\0" * size) < size:
                    size //= 2
            except OSError:
                size //= 2
    finally:
        os.close(file)
