"""What a cluster of a test's own needs outside: a database, a Redis server, a virtual host of RabbitMQ.

They are made on the services of `make services` and removed at the end.
"""

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import redis

from tests.databases import postgres_database

RABBIT = ("127.0.0.1", 5672)


class Redis:
    """A Redis server of the test's own, which may really die, and comes back empty."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("redis-server"):
            pytest.skip("没有安装 redis-server，请运行 make services")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1"]
        self._command += ["--dir", str(folder), "--save", ""]

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while True:
            with suppress(redis.RedisError):
                redis.Redis(port=self._port, socket_timeout=2).ping()
                return
            assert time.monotonic() < until, "redis-server did not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait(20)


@contextmanager
def cluster_services(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a cluster whose services are its own; skips the test where they are missing."""
    with ExitStack() as stack:
        variables = stack.enter_context(databases_and_queues())
        own = Redis(folder)
        own.start()
        stack.callback(own.kill)
        yield {**variables, "DIANXIAOER_REDIS_URL": own.url}


@contextmanager
def databases_and_queues() -> Iterator[dict[str, str]]:
    """`cluster_services` without Redis."""
    if not (shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")):
        pytest.skip("没有安装 nginx，请运行 make services")
    with ExitStack() as stack:
        yield {
            "DIANXIAOER_PROFILE": "cluster",
            "DIANXIAOER_DATABASE_URL": stack.enter_context(postgres_database()),
            "DIANXIAOER_RABBITMQ_URL": stack.enter_context(_vhost()),
        }


@contextmanager
def _vhost() -> Iterator[str]:
    name = f"dianxiaoer_test_{uuid.uuid4().hex[:12]}"
    control = shutil.which("rabbitmqctl") or shutil.which("rabbitmqctl", path="/usr/sbin")
    if control is None or os.geteuid() != 0:
        pytest.skip("不能给 RabbitMQ 建虚拟主机（要有 rabbitmqctl 和 root 权限）")
    with socket.socket() as probe:
        if probe.connect_ex(RABBIT) != 0:
            pytest.skip("本机没有 RabbitMQ，请运行 make services")
    made = _control(control, "add_vhost", name)
    if made.returncode != 0:
        pytest.skip(f"不能给 RabbitMQ 建虚拟主机：{made.stderr[-300:]}")
    try:
        allowed = _control(control, "set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        assert allowed.returncode == 0, allowed.stderr
        yield f"amqp://guest:guest@{RABBIT[0]}:{RABBIT[1]}/{name}"
    finally:
        _control(control, "delete_vhost", name)


def _control(control: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command, environment = [control, "-q", *arguments], dict(os.environ)
    own = Path("/var/lib/dianxiaoer/rabbitmq")
    if _runs(own / "server.pid"):  # started by `make services`, under another name than Debian's
        tools = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmqctl"))
        command = ["runuser", "-u", "rabbitmq", "--", str(tools[-1]), "-q", *arguments]
        environment |= {"RABBITMQ_NODENAME": f"dianxiaoer{RABBIT[1]}@localhost", "HOME": str(own)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def _runs(pid_file: Path) -> bool:
    try:
        return Path(f"/proc/{pid_file.read_text().strip()}").exists()
    except OSError:
        return False
