"""kill -9 of each kind of process at a random moment under load."""

import random
import time

import pytest

from tests.faults.cluster import Cluster
from tests.faults.conftest import UnderLoad
from tests.faults.customers import Load

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("kind", ["rasa", "actions", "web", "events", "daily", "nginx"])
def test_a_killed_server(cluster: Cluster, under_load: UnderLoad, kind: str) -> None:
    def breaking(load: Load) -> None:
        for _ in range(2):
            time.sleep(random.uniform(0, 3))
            killed = cluster.kill(kind)
            cluster.await_all()
            assert killed not in cluster.processes(kind)
            load.wait_answers(3)

    under_load(breaking)


def test_the_killed_supervisor(cluster: Cluster, under_load: UnderLoad) -> None:
    """Its servers go on; the next one ends them and starts its own, and no message is lost between the two."""

    def breaking(load: Load) -> None:
        before = {kind: cluster.processes(kind) for kind in ("rasa", "actions", "web")}
        cluster.suite.process.kill()
        cluster.suite.process.wait(20)
        load.wait_answers(5)
        assert {kind: cluster.processes(kind) for kind in before} == before
        cluster.start()
        for kind, pids in before.items():
            assert not set(pids) & set(cluster.processes(kind))

    under_load(breaking)
