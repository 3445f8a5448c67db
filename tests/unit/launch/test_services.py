"""`make services`: what listens is left alone, what does not is started with data of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import redis

from bot.settings import ROOT
from tests.running import free_ports

NAMES = ("POSTGRES_PORT", "MARIADB_PORT", "REDIS_PORT", "RABBITMQ_PORT")


def _services(*arguments: str, data: Path, ports: list[int]) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DIANXIAOER_SERVICES": str(data), **dict(zip(NAMES, map(str, ports), strict=True))}
    command = [str(ROOT / "scripts" / "services"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_check_names_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    ports = free_ports(4)
    done = _services("check", "postgres", "mariadb", "redis", "rabbitmq", data=tmp_path, ports=ports)
    assert done.returncode == 1
    for name, port in zip(("PostgreSQL", "MariaDB", "Redis", "RabbitMQ"), ports, strict=True):
        assert f"✗ {name} 不在 127.0.0.1:{port} 上" in done.stdout
    assert "make services" in done.stdout and not list(tmp_path.iterdir())


def test_an_unknown_name_is_one_line(tmp_path: Path) -> None:
    done = _services("start", "oracle", data=tmp_path, ports=free_ports(4))
    assert done.returncode == 1
    assert done.stderr.strip() == "✗ 不认识 oracle，可以写：postgres mariadb redis rabbitmq nginx"


def test_a_service_is_started_once_and_stopped(tmp_path: Path) -> None:
    if not shutil.which("redis-server"):
        pytest.skip("没有安装 redis-server")
    data, ports = tmp_path / "data", free_ports(4)
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:  # the service's own user must be able to get there
        if folder.stat().st_mode & 0o001 == 0:
            data = Path("/tmp") / f"services-{os.getpid()}"
            break
    try:
        first = _services("start", "redis", data=data, ports=ports)
        assert first.returncode == 0, first.stderr
        pid = redis.Redis(port=ports[2]).info()["process_id"]
        again = _services("start", "redis", data=data, ports=ports)
        assert again.returncode == 0 and "已经在" in again.stdout
        assert redis.Redis(port=ports[2]).info()["process_id"] == pid
    finally:
        stopped = _services("stop", "redis", data=data, ports=ports)
        shutil.rmtree(data, ignore_errors=True)
    assert "已停止" in stopped.stdout
    with pytest.raises(redis.ConnectionError):
        redis.Redis(port=ports[2]).ping()
