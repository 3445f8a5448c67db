"""One cluster for all faults: each test breaks something, mends it, and leaves the cluster whole."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import invariants
from tests.faults.cluster import Cluster, running_cluster


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


@pytest.fixture
def under_load(cluster: Cluster) -> Callable[[Callable[[invariants.Load], None]], invariants.Report]:
    """Runs what breaks something among customers, and checks all that must be true afterwards."""

    def run(breaking: Callable[[invariants.Load], None], **more: int) -> invariants.Report:
        before = invariants.stock_of(cluster)
        with cluster.customers(**more) as load:
            load.wait_answers(5)
            breaking(load)
            load.wait_answers(5, 120)
        return invariants.check(cluster, load, before)

    return run
