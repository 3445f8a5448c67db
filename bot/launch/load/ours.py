"""The whole suite for the load test: databases of its own with the demo shop, every server of `make run`."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import create_engine, update
from sqlalchemy.engine import make_url

from bot.db import engine_for, writing
from bot.launch import fronted
from bot.launch.bench_turn import share_built, timed_servers
from bot.launch.outside import create_database
from bot.launch.problems import LaunchError
from bot.launch.steps import create_databases
from bot.launch.supervise import Server
from bot.launch.supervise import servers as single_servers
from bot.launch.timed import VARIABLE
from bot.settings import get_settings
from bot.shop.tables import StockRow

_PLENTY = 1_000_000  # units of each thing: the test orders more than a demo shop has


@contextmanager
def prepared(var: Path, ports: list[int], redis_url: str, profile: str, say: Callable[[str], None]) -> Iterator[None]:
    """Inside the block this process and its children have settings of their own, with data in `var`.

    Args:
        var: an empty folder.
        ports: of web, Rasa and action server; several servers behind nginx take the next ones, too.
        redis_url: of the cluster's locks and wake-ups.
        profile: "", "multicore", or "cluster", which makes a database on the server of the settings and drops it at
            the end.
        say: is told what is prepared.

    Raises:
        LaunchError: a service of the cluster is missing, or RabbitMQ's virtual host is one that others may use.
    """
    before = dict(os.environ)
    if profile == fronted.CLUSTER:
        _check_virtual_host(os.environ.get("DIANXIAOER_RABBITMQ_URL", ""))
    share_built(var)
    names = ("WEB", "RASA", "ACTION")
    os.environ |= {f"DIANXIAOER_{name}_PORT": str(port) for name, port in zip(names, ports, strict=True)}
    os.environ |= {"DIANXIAOER_VAR": str(var), VARIABLE: str(var / "times.jsonl")}
    database = ""
    try:
        if profile == fronted.CLUSTER:
            server = os.environ.get("DIANXIAOER_DATABASE_URL", fronted.LOCAL["DIANXIAOER_DATABASE_URL"])
            made = make_url(server).set(database=f"dianxiaoer_load_{uuid.uuid4().hex[:12]}")
            database = made.render_as_string(hide_password=False)
            os.environ |= {"DIANXIAOER_DATABASE_URL": database, "DIANXIAOER_REDIS_URL": redis_url}
            create_database(database)
        if profile:
            fronted.choose(profile)
        get_settings.cache_clear()
        say("准备一份示例店铺……")
        create_databases(progress=lambda _line: None)
        with writing(get_settings().shop_url) as session:
            session.execute(update(StockRow).values(on_hand=_PLENTY))
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        get_settings.cache_clear()
        if database:
            _drop(database)


def _check_virtual_host(url: str) -> None:
    # The test's consumer would take the events of a shop that runs on the same one, into a database that is dropped.
    if not urlsplit(url).path.strip("/").replace("%2F", "").replace("%2f", ""):
        raise LaunchError(
            "压测集群要用 RabbitMQ 里单独的一个虚拟主机，免得取走营业中的店的事件。先运行 "
            "rabbitmqctl add_vhost load 和 rabbitmqctl set_permissions -p load guest '.*' '.*' '.*'，"
            "再 export DIANXIAOER_RABBITMQ_URL=amqp://guest:guest@127.0.0.1/load"
        )


def servers(profile: str) -> list[Server]:
    """Every server, Rasa and actions with notes of where their time goes (in `times.jsonl` of the folder)."""
    found = fronted.servers(get_settings()) if profile else single_servers(get_settings())
    return timed_servers(found)


def _drop(database: str) -> None:
    engine_for(database).dispose()
    url = make_url(database)
    server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{url.database}" WITH (FORCE)')
    server.dispose()
