"""The profiles behind nginx: endpoints, front, what is missing, and jobs by the clock that are done once."""

import os
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from bot import db
from bot.database_url import with_driver
from bot.insight import daily as figures
from bot.knowledge import daily as sync
from bot.launch import fronted
from bot.launch.endpoints import runtime_endpoints
from bot.launch.nginx import Front, nginx_conf
from bot.launch.outside import check_outside, create_database
from bot.launch.problems import LaunchError
from bot.launch.supervise import Server
from bot.service_settings import EventSettings
from bot.settings import BusEndpoint, Settings, SettingsError, get_settings
from bot.shop import outreach
from tests.databases import MYSQL_SERVER
from tests.running import free_ports

FRONT = Front(
    folder=None,
    web=["127.0.0.1:8001", "127.0.0.1:8002"],
    rasa=["127.0.0.1:5006", "127.0.0.1:5007"],
    actions=["127.0.0.1:5056"],
    listen_web="127.0.0.1:8000",
    listen_rasa="127.0.0.1:5005",
    listen_actions="127.0.0.1:5055",
)


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Chooses a profile for this test."""
    ours = [f"DIANXIAOER_{name}" for name in ("ACTIONS_URL", "OWN_PROXIES", "PROFILE", "RASA_COPIES")]
    for name in (*fronted.LOCAL, *ours):
        monkeypatch.setenv(name, "")  # so that it is as before afterwards
        monkeypatch.delenv(name)
    monkeypatch.setenv("DIANXIAOER_VAR", str(tmp_path))
    yield fronted.choose
    get_settings.cache_clear()


def test_everything_of_the_cluster_is_outside(profile: Any) -> None:
    profile("cluster")
    settings = get_settings()
    stores = (settings.shop_url, settings.chat_url, settings.events_url, settings.knowledge_url, settings.tracker_url)
    assert {url.split(":")[0] for url in stores} == {"postgresql"}
    assert settings.bus.type == "redis" and settings.events.type == "rabbitmq" and settings.own_proxies == 1


def test_an_unknown_profile_names_the_known_ones(profile: Any) -> None:
    for wrong in ("clutser", "../cluster", "C"):
        with pytest.raises(SettingsError, match="可以写：cluster、multicore；"):
            profile(wrong)


def test_there_are_two_of_each_behind_nginx(profile: Any) -> None:
    profile("cluster")
    children: list[Server] = fronted.servers(get_settings())
    ports = [child.port for child in children if child.port]
    assert len(set(ports)) == len(ports) == 7
    names = " ".join(child.name for child in children)
    for name in ("动作服务 2", "Rasa 服务 2", "网页服务 2", "定时任务 2", "事件入库", "nginx"):
        assert name in names


def test_several_cores_are_used_with_embedded_databases(profile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fronted.os, "sched_getaffinity", lambda _process: set(range(16)))
    profile("multicore")
    settings = get_settings()
    stores = (settings.shop_url, settings.chat_url, settings.events_url, settings.knowledge_url, settings.tracker_url)
    assert {url.split(":")[0] for url in stores} == {"sqlite"} and not set(fronted.LOCAL) & set(os.environ)
    assert settings.bus.type == "local" and settings.events.type == "store" and settings.own_proxies == 1
    names = [child.name for child in fronted.servers(settings)]
    assert names == [*(f"Rasa 服务 {n}" for n in (1, 2, 3, 4)), "网页服务 1", "定时任务 1", "nginx"]
    locks = yaml.safe_load(runtime_endpoints(settings).read_text(encoding="utf8"))["lock_store"]
    assert locks == {"type": "bot.runtime.file_locks.FileLocks"}


def test_how_many_rasa_servers_may_be_said(profile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIANXIAOER_RASA_COPIES", "3")
    for name, others in (("multicore", 3), ("cluster", 8)):
        profile(name)
        assert len(fronted.servers(get_settings())) == 3 + others
        noted = (get_settings().var / "rasa.servers").read_text().split()
        assert noted == [f"http://127.0.0.1:{get_settings().rasa_port + n}" for n in (1, 2, 3)]
    monkeypatch.setenv("DIANXIAOER_RASA_COPIES", "-1")
    with pytest.raises(SettingsError, match=r"DIANXIAOER_RASA_COPIES.*台数不小于 0"):
        profile("multicore")


@pytest.mark.parametrize(
    ("name", "most", "said"),
    [
        (
            "cluster",
            49,
            r"端口 5005 到 5055（.*但动作服务的端口从 5055 开始。请把 \w+COPIES 改成不超过 49，.*ACTION_PORT",
        ),
        ("multicore", 64, r"Rasa 服务最多 64 台，不能有 65 台，请改 DIANXIAOER_RASA_COPIES"),
    ],
)
def test_there_may_be_as_many_as_have_ports(
    profile: Any, monkeypatch: pytest.MonkeyPatch, name: str, most: int, said: str
) -> None:
    monkeypatch.setenv("DIANXIAOER_RASA_COPIES", str(most))
    profile(name)
    children = [child for child in fronted.servers(get_settings()) if child.port]
    assert sum(child.name.startswith("Rasa 服务") for child in children) == most
    assert len({child.port for child in children}) == len(children)
    monkeypatch.setenv("DIANXIAOER_RASA_COPIES", str(most + 1))
    profile(name)
    with pytest.raises(LaunchError, match=said):
        fronted.servers(get_settings())


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        ({"rasa": 7000, "action": 7002}, "Rasa 服务有 2 台.*动作服务的端口从 7002 开始。请把.*不超过 1，.*ACTION_PORT"),
        ({"rasa": 7000, "action": 7000}, "7000.*请换一个端口：DIANXIAOER_"),
        ({"rasa": 7000, "web": 6999}, "网页服务有 2 台，要用端口 6999 到 7001.*请换一个端口：DIANXIAOER_RASA_PORT"),
        (
            {"rasa": 65534},
            "端口 65534 到 65536.*端口最大是 65535。请把.*不超过 1，或者换一个端口：DIANXIAOER_RASA_PORT",
        ),
    ],
)
def test_rows_of_ports_do_not_overlap(
    profile: Any, monkeypatch: pytest.MonkeyPatch, ports: dict[str, int], said: str
) -> None:
    for kind, port in ports.items():
        monkeypatch.setenv(f"DIANXIAOER_{kind.upper()}_PORT", str(port))
    profile("cluster")
    with pytest.raises(LaunchError, match=said):
        fronted.servers(get_settings())


def test_rasa_servers_that_run_the_actions_themselves_need_no_others(profile: Any) -> None:
    profile("cluster")
    settings = get_settings().copy(update={"actions_module": "actions"})
    children = fronted.servers(settings)
    assert not any("动作服务" in child.name for child in children) and len(children) == 8
    conf = (settings.var / "nginx" / "nginx.conf").read_text()
    assert "upstream actions" not in conf and str(settings.action_port) not in conf


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        pytest.skip("没有安装 nginx")
    conf = tmp_path / "nginx.conf"
    conf.write_text(nginx_conf(Front(**{**FRONT.__dict__, "folder": tmp_path})))
    done = subprocess.run([nginx, "-t", "-p", str(tmp_path), "-c", str(conf)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_dead_server_on_this_machine_is_asked_again_at_once(tmp_path: Path) -> None:
    """It refuses at once; were it left out, those that have just started would be nobody's."""
    assert "server 127.0.0.1:5006 max_fails=1 fail_timeout=2s;" in nginx_conf(FRONT)
    here = nginx_conf(Front(**{**FRONT.__dict__, "folder": tmp_path}))
    assert "server 127.0.0.1:5006 max_fails=0;" in here and "fail_timeout" not in here


def test_nginx_keeps_inside_what_is_not_for_customers() -> None:
    public, inside, _ = nginx_conf(FRONT).split("    server {")[1:]
    assert "location ~ ^/(metrics|healthz|readyz)$ {\n            return 404;" in public
    assert "/webhooks/(wechat|" in public and "proxy_pass http://rasa;" in inside
    assert "rest" not in public and "/model" not in public


def test_missing_services_are_one_error_that_says_what_to_do(tmp_path: Path) -> None:
    database, redis_port, rabbit = free_ports(3)
    settings = Settings(
        var=tmp_path,
        shop_url=f"postgresql://x:secret@127.0.0.1:{database}/shop",
        bus=BusEndpoint(type="redis", url=f"redis://:secret@127.0.0.1:{redis_port}/0"),
        events=EventSettings(type="rabbitmq", url=f"amqp://x:secret@127.0.0.1:{rabbit}/"),
    )
    with pytest.raises(LaunchError) as caught:
        check_outside(settings)
    said = str(caught.value)
    assert "make services" in said and "secret" not in said
    for name, port in (("数据库", database), ("Redis", redis_port), ("RabbitMQ", rabbit)):
        assert f"{name}（127.0.0.1:{port}）" in said


def test_the_database_is_created_at_the_first_start(postgres_url: str) -> None:
    url = f"{postgres_url}_first"
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    try:
        results: list[bool] = []
        threads = [threading.Thread(target=lambda: results.append(create_database(url))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == [False, True] and create_database(url) is False
        with create_engine(url).connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")
        server.dispose()


def test_the_shops_database_on_mariadb_is_created_too(mysql_url: str) -> None:
    name = f"{make_url(mysql_url).database}_first"
    url = f"{MYSQL_SERVER.rsplit('/', 1)[0]}/{name}"
    with pytest.raises(LaunchError, match=f"数据库 {name} 不存在，也没有权限创建"):
        create_database(str(make_url(mysql_url).set(database=name).render_as_string(hide_password=False)))
    server = create_engine(with_driver(MYSQL_SERVER), future=True)
    try:
        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(create_database, [url] * 2)) == [False, True]
        assert create_database(url) is False
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        server.dispose()
    with pytest.raises(LaunchError, match="用不了：Can't connect"):
        create_database("mysql://root:secret@127.0.0.1:1/shop")


def test_jobs_by_the_clock_are_done_once_by_many_processes(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("events", "insight", "knowledge"):
        db.upgrade(postgres_url, room)
    settings = Settings(var=tmp_path, events_url=postgres_url, knowledge_url=postgres_url, shop_url=postgres_url)
    settings.digest.webhook = "https://example.com/hook"
    settings.operations.sync.at = settings.operations.kpi.digest_at = "00:00"
    settings.operations.sync.source = str(tmp_path)
    done: list[str] = []
    lock = threading.Lock()

    def job(name: str, result: Any) -> Any:
        def run(*_: Any, **__: Any) -> Any:
            with lock:
                done.append(name)
            return result

        return run

    monkeypatch.setattr(outreach, "daily", job("customers", {}))
    monkeypatch.setattr(sync, "sync", job("sync", sync.SyncReport()))
    monkeypatch.setattr(sync, "forget_asked", lambda _url: None)
    monkeypatch.setattr(figures, "watch", job("alerts", []))
    monkeypatch.setattr(figures, "digest", lambda _settings, _day: "")
    monkeypatch.setattr(figures, "send", job("digest", []))
    start = threading.Barrier(8)

    def process() -> None:
        start.wait()
        for _ in range(3):
            sync.run_when_due(settings)
            sync.tend_customers_when_due(settings)
            figures.run_when_due(settings)

    threads = [threading.Thread(target=process) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["alerts", "customers", "digest", "sync"]
