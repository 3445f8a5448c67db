"""A Redis server of the tests' own, which they may stop and kill."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis


class RedisServer:
    """A server on a free port; without persistence it forgets everything when it is killed."""

    def __init__(self, folder: Path, *, keeps: bool = False) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        keeping = ["--appendonly", "yes", "--appendfsync", "always"] if keeps else ["--appendonly", "no"]
        self._command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder)]
        self._command += ["--save", "", *keeping]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url, socket_timeout=2)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            with contextlib.suppress(redis.RedisError):
                self.client.ping()
                return
            time.sleep(0.02)
        raise AssertionError("redis-server did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def _server(folder: Path, *, keeps: bool) -> Iterator[RedisServer]:
    if not shutil.which("redis-server"):
        if os.environ.get("CI"):
            pytest.fail("redis-server 没有安装")
        pytest.skip("本机没有 redis-server")
    server = RedisServer(folder, keeps=keeps)
    yield server
    server.kill()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that forgets everything when it is killed."""
    yield from _server(tmp_path, keeps=False)


@pytest.fixture
def keeping_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that knows everything again when it comes back."""
    yield from _server(tmp_path, keeps=True)
