"""kill -9 of each kind of process at a random moment under load."""

import random
import time

import pytest

from tests.faults.cluster import Cluster
from tests.faults.customers import Load

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("kind", ["rasa", "actions", "web", "events", "daily", "nginx"])
def test_a_killed_server(cluster: Cluster, under_load, kind: str) -> None:  # type: ignore[no-untyped-def]
    def breaking(load: Load) -> None:
        for _ in range(2):
            time.sleep(random.uniform(0, 3))
            cluster.kill(kind)
            cluster.await_all()
            load.wait_answers(3)

    under_load(breaking)
