"""The cluster under test: two of each server, with something to break in front of everything outside."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from sqlalchemy import create_engine, text

from bot.settings import ROOT
from tests.clusters import Redis, databases_and_queues
from tests.faults.customers import Load, customers
from tests.faults.platform import SECRET, SOURCE
from tests.faults.proxy import Proxy
from tests.running import Suite, begin, environment, free_ports, share_encoders

SECONDS = float(os.environ.get("DIANXIAOER_FAULT_SECONDS", "30"))  # how long a service is away
STOCK = 100_000  # units of each variant, so that the load is never out of stock
DISK_MB = 64
# What the command line of each kind of process holds.
KINDS = {
    "rasa": "bot.launch.rasa_server",
    "actions": "bot.launch.action_server",
    "web": "bot.launch.web_server",
    "daily": "bot.launch.daily",
    "events": "bot events",
    "nginx": "nginx: master",
}


@dataclass
class Cluster:
    """A running cluster; `database` is the way around the proxy, for looking on while it is cut."""

    var: Path
    variables: dict[str, str]
    database: str
    postgres: Proxy
    rabbit: Proxy
    redis: Redis
    platform_port: int
    own_disk: bool  # whether `var` lies on a small disk of its own
    suite: Suite = field(init=False)

    def start(self, **more: str) -> None:
        """Start it, or start it again after it ended, with `more` in its environment; waits until it is open."""
        self.suite = begin(self.var, {**self.variables, **more})

    def processes(self, kind: str) -> list[int]:
        """The process ids of one kind ("rasa", "actions", …) that belong to this cluster."""
        mine = f"DIANXIAOER_VAR={self.var}".encode()
        folder_of_nginx = str(self.var / "nginx")  # it writes over its own environment
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if KINDS[kind] not in words:
                    continue
                if (folder / "cwd").readlink() != ROOT:  # a server of another version's
                    continue
                if folder_of_nginx in words or mine in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return sorted(found)

    def kill(self, kind: str) -> int:
        """kill -9 of one of a kind; its process id."""
        pid = random.choice(self.processes(kind))
        os.kill(pid, signal.SIGKILL)
        while pid in self.processes(kind):
            time.sleep(0.02)
        return pid

    @contextmanager
    def customers(self, **more: int) -> Iterator[Load]:
        """Customers who write as long as the block lasts."""
        with customers(self.suite.web, self.suite.rasa, self.platform_port, **more) as load:
            yield load

    def mended(self) -> None:
        """Everything outside is there again."""
        self.postgres.restore()
        self.rabbit.restore()

    def alive(self) -> None:
        """Fail with its last words when the supervisor has given up."""
        assert self.suite.process.poll() is None, self.suite.output.read_text()[-3000:]

    def await_port(self, port: int, process: "subprocess.Popen[bytes]", seconds: float = 90.0) -> None:
        """Until `process` listens there."""
        until = time.monotonic() + seconds
        while not _listens(port):
            assert process.poll() is None and time.monotonic() < until, "the server did not start"
            time.sleep(0.3)

    def await_all(self, seconds: float = 90.0) -> None:
        """Until two of each server (and one consumer) run and answer."""
        until = time.monotonic() + seconds
        while True:
            self.alive()
            if all(len(self.processes(kind)) == (1 if kind in ("events", "nginx") else 2) for kind in KINDS):
                ports = [int(self.variables[f"DIANXIAOER_{name}_PORT"]) for name in ("WEB", "RASA", "ACTION")]
                if all(_listens(port + n) for port in ports for n in range(3)):
                    return
            assert time.monotonic() < until, "the servers did not come back"
            time.sleep(0.3)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running_cluster(var: Path, **more: str) -> Iterator[Cluster]:
    """A cluster with services of its own behind proxies, stopped and removed at the end; skips where they are missing.

    `more` is added to the environment of its processes.
    """
    with ExitStack() as stack:
        own_disk = stack.enter_context(_small_disk(var))
        outside = stack.enter_context(databases_and_queues())
        database = outside["DIANXIAOER_DATABASE_URL"]
        postgres, rabbit = (_proxied(stack, outside, name) for name in ("DATABASE", "RABBITMQ"))
        own = Redis(var)
        own.start()
        stack.callback(own.kill)
        outside["DIANXIAOER_REDIS_URL"] = own.url
        platform_port = free_ports(1)[0]
        outside["DIANXIAOER_CREDENTIALS"] = str(_credentials(var, platform_port))
        share_encoders(var)
        _share_speech(var)
        variables = environment(var, free_ports(3, "cluster"), **outside, DIANXIAOER_NOW="", **more)
        cluster = Cluster(var, variables, database, postgres, rabbit, own, platform_port, own_disk)
        try:
            cluster.start()
            stock_up(database)
            yield cluster
        finally:
            cluster.mended()
            if hasattr(cluster, "suite"):
                cluster.suite.stop()


@contextmanager
def _small_disk(folder: Path) -> Iterator[bool]:
    """A disk of its own mounted at `folder`, where that is allowed; whether it is."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "faults", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def _proxied(stack: ExitStack, outside: dict[str, str], name: str) -> Proxy:
    """A proxy before the service whose address stands in `outside`, which then names the proxy."""
    variable = f"DIANXIAOER_{name}_URL"
    parts = urlsplit(outside[variable])
    assert parts.hostname and parts.port
    proxy = Proxy((parts.hostname, parts.port)).start()
    stack.callback(proxy.stop)
    outside[variable] = parts._replace(netloc=re.sub(r":\d+$", f":{proxy.port}", parts.netloc)).geturl()
    return proxy


def _credentials(var: Path, platform_port: int) -> Path:
    """The project's channels, and the open channel for the fake platform."""
    channels = yaml.safe_load((ROOT / "credentials.yml").read_text(encoding="utf8"))
    source = {"secret": SECRET, "push_url": f"http://127.0.0.1:{platform_port}/push"}
    channels["bot.channels.open_channel.OpenChannel"] = {"sources": {SOURCE: source}}
    channels["bot.channels.web.WebChat"]["sessions_per_minute"] = 6000  # all customers have one address here
    path = var / "credentials.yml"
    path.write_text(json.dumps(channels, ensure_ascii=False), encoding="utf8")
    return path


def _share_speech(var: Path) -> None:
    """The speech model takes its time to build, and nobody speaks here."""
    built = ROOT / "var" / "speech"
    built.mkdir(parents=True, exist_ok=True)
    (var / "speech").symlink_to(built)


def stock_up(url: str) -> None:
    """Enough of everything."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE stock SET on_hand = :units + reserved"), {"units": STOCK})
    engine.dispose()
