"""The clock of the machine jumps forth and back under the servers (libfaketime), the outside world's stays right."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import UnderLoad
from tests.faults.customers import Load

pytestmark = pytest.mark.faults
LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"


@pytest.fixture
def clock(cluster: Cluster, tmp_path: Path) -> Iterator[Path]:
    """A file with the seconds by which the servers' clock is wrong, "+0" at first."""
    found = sorted(Path("/").glob(LIBRARIES[1:]))
    if not found:
        pytest.skip("没有安装 libfaketime（apt-get install libfaketime）")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    cluster.suite.stop()
    try:
        cluster.start(
            LD_PRELOAD=str(found[0]),
            FAKETIME_TIMESTAMP_FILE=str(offset),
            FAKETIME_CACHE_DURATION="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            # Without it, libfaketime's own mending for old glibc lets waits that end by the monotonic clock end at
            # once: threads that wait for the interpreter then take it from each other all the time.
            FAKETIME_FORCE_MONOTONIC_FIX="0",
        )
        yield offset
    finally:
        cluster.suite.stop()
        cluster.start()


def test_the_clock_jumps(under_load: UnderLoad, clock: Path) -> None:
    """Four minutes are within what the open channel's signatures allow; while an hour is wrong it refuses all.

    Sessions last an hour: a jump of two ends them, and who was asked whether to order is asked anew what he wants.
    """

    def breaking(load: Load) -> None:
        for wrong in ("+240", "-240", "+0", "-3600", "+3600"):
            clock.write_text(wrong)
            time.sleep(3)
            load.platform.refuse = 5  # these pushes are planned again, by a clock that will turn out wrong
            if "3600" in wrong:
                load.wait_answers(3, 60)  # those of the web pages
            else:
                load.wait_answers(8, 60)
        clock.write_text("+0")

    under_load(breaking, begins_anew=True)
