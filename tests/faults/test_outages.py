"""PostgreSQL, Redis and RabbitMQ each away for 30 seconds (DIANXIAOER_FAULT_SECONDS) and back."""

import time

import pytest

from tests.faults.cluster import SECONDS, Cluster
from tests.faults.conftest import UnderLoad
from tests.faults.customers import Load

pytestmark = pytest.mark.faults


def test_postgresql_is_away(cluster: Cluster, under_load: UnderLoad) -> None:
    def breaking(_load: Load) -> None:
        cluster.postgres.cut()
        time.sleep(SECONDS)
        cluster.postgres.restore()

    under_load(breaking, puts_off=True)


def test_redis_dies_and_comes_back_empty(cluster: Cluster, under_load: UnderLoad) -> None:
    def breaking(_load: Load) -> None:
        cluster.redis.kill()
        time.sleep(SECONDS)
        cluster.redis.start()

    under_load(breaking)


def test_rabbitmq_is_away(cluster: Cluster, under_load: UnderLoad) -> None:
    """Nobody waits for it, so customers are answered meanwhile."""

    def breaking(load: Load) -> None:
        cluster.rabbit.cut()
        until = time.monotonic() + SECONDS
        load.wait_answers(5, SECONDS + 30)
        time.sleep(max(0.0, until - time.monotonic()))
        cluster.rabbit.restore()

    under_load(breaking)


def test_a_consumer_that_dies_while_rabbitmq_is_away(cluster: Cluster, under_load: UnderLoad) -> None:
    """It cannot start, which must not end the rest of the suite."""

    def breaking(load: Load) -> None:
        cluster.rabbit.cut()
        cluster.kill("events")
        load.wait_answers(5)
        time.sleep(SECONDS)
        cluster.alive()
        cluster.rabbit.restore()

    under_load(breaking)
    cluster.await_all()


def test_a_slow_database(cluster: Cluster, under_load: UnderLoad) -> None:
    """Every answer of PostgreSQL comes 50 ms late: customers wait, and are answered once, or asked to try later."""

    def breaking(load: Load) -> None:
        cluster.postgres.delay = 0.05
        load.wait_answers(3, 120)
        time.sleep(SECONDS / 2)
        cluster.postgres.restore()

    under_load(breaking, puts_off=True)
