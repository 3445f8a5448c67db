"""One cluster for all faults: each test breaks something, mends it, and leaves the cluster whole."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from bot.settings import ROOT
from tests.faults import invariants
from tests.faults.cluster import Cluster, running_cluster
from tests.faults.customers import Load
from tests.faults.invariants import Report


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Started once."""
    with running_cluster(Path(tmp_path_factory.mktemp("faults"))) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster with every server running, before and after."""
    shared_cluster.await_all()
    yield shared_cluster
    shared_cluster.mended()


class UnderLoad(Protocol):
    """Runs `breaking` among customers, and checks all that must be true afterwards.

    `puts_off`: customers may be told to try again later, as when the shop's own system answers too late.
    `begins_anew`: a session may be over, by the clock, in the middle of what a customer wants.
    """

    def __call__(
        self, breaking: Callable[[Load], None], *, puts_off: bool = False, begins_anew: bool = False
    ) -> Report: ...


@pytest.fixture
def under_load(cluster: Cluster, request: pytest.FixtureRequest) -> UnderLoad:
    """The cluster's `UnderLoad`; its report is added to var/faults.txt."""

    def run(breaking: Callable[[Load], None], *, puts_off: bool = False, begins_anew: bool = False) -> Report:
        before = invariants.stock_of(cluster)
        with cluster.customers() as load:
            load.wait_answers(5)
            breaking(load)
            load.wait_answers(5, 120)
            load.stop()
            # The platform is still there: an answer of several messages goes on after its first one was heard.
            report = invariants.check(cluster, load, before)
        if report.put_off and not puts_off:
            report.problems.append(f"{report.put_off} customers were told to try again later")
        if report.begun_anew and not begins_anew:
            report.problems.append(f"{report.begun_anew} sessions were over too early")
        with (ROOT / "var" / "faults.txt").open("a", encoding="utf8") as file:
            print(f"{request.node.name}: {report}", *report.problems, sep="\n  ", file=file)
        assert not report.problems, f"{report}\n" + "\n".join(report.problems[:40])
        return report

    return run
