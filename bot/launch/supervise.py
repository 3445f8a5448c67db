"""Start the three servers, wait until each is healthy, and end them together."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from bot.launch.endpoints import runtime_endpoints
from bot.launch.problems import LaunchError, explain
from bot.launch.steps import prepare, say
from bot.settings import ROOT, Settings, get_settings

HOST = "127.0.0.1"
SECONDS_TO_START = 120
SECONDS_TO_STOP = 10


@dataclass
class Server:
    """One child process with its address and log."""

    name: str
    command: list[str]
    port: int
    health: str
    variable: str
    log: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        environment = {
            **os.environ,
            "RASA_TELEMETRY_ENABLED": "false",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        }
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches only us, and we end the children in order.
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}{self.health}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def failed(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf8", errors="replace").splitlines()[-15:])

    def signal(self, number: int) -> None:
        if self.process and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def servers(settings: Settings) -> list[Server]:
    """The servers of one machine, in the order of their start."""
    logs = settings.var / "log"
    logs.mkdir(parents=True, exist_ok=True)
    python = [sys.executable, "-W", "ignore", "-m"]
    rasa = ["bot.launch.rasa_server", "--interface", HOST, "--port", str(settings.rasa_port)]
    rasa += ["--credentials", "credentials.yml", "--endpoints", str(runtime_endpoints(settings))]
    action = ["rasa_sdk", "--actions", "actions", "--port", str(settings.action_port)]
    return [
        Server("动作服务", python + action, settings.action_port, "/health", "ACTION_PORT", logs / "actions.log"),
        Server("Rasa 服务", python + rasa, settings.rasa_port, "/", "RASA_PORT", logs / "rasa.log"),
        Server("网页服务", [*python, "bot.desk"], settings.web_port, "/health", "WEB_PORT", logs / "web.log"),
    ]


def check_ports(children: list[Server]) -> None:
    """Raise LaunchError when a port is taken, naming the variable that moves it."""
    for child in children:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, child.port))
            except OSError:
                raise LaunchError(
                    f"端口 {child.port}（{child.name}）被占用，请停掉占用它的程序，"
                    f"或换一个端口：DIANXIAOER_{child.variable}={child.port + 1} make run"
                ) from None


def up() -> None:
    """Prepare everything, start all servers and stay until Ctrl-C or until one of them dies.

    Raises:
        LaunchError: something could not start, or a server died while running.
    """
    children = servers(get_settings())
    check_ports(children)
    prepare()
    # Also SIGINT: a shell starts what it puts into the background with Ctrl-C ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        _start(children)
        _announce(get_settings())
        _watch(children)
    except KeyboardInterrupt:
        say("\n正在停止……")
    except OSError as error:
        raise explain(error) from error
    finally:
        stop(children)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _start(children: list[Server]) -> None:
    began = time.monotonic()
    for child in children:
        child.start()
    waiting = list(children)
    while waiting:
        for child in list(waiting):
            if child.failed():
                raise LaunchError(f"{child.name}没有启动：\n{child.last_words()}\n完整记录在 {child.log}")
            if child.healthy():
                waiting.remove(child)
                say(f"✓ {child.name}就绪（{time.monotonic() - began:.0f} 秒）")
        if waiting and time.monotonic() - began > SECONDS_TO_START:
            names = "、".join(c.name for c in waiting)
            raise LaunchError(f"{names}在 {SECONDS_TO_START} 秒内没有就绪，请看 {waiting[0].log}")
        time.sleep(0.2)


def _announce(settings: Settings) -> None:
    say(
        f"\n店小二已经开门：\n"
        f"  顾客聊天页   http://{HOST}:{settings.web_port}/\n"
        f"  嵌入示例页   http://{HOST}:{settings.web_port}/demo\n"
        f"  REST 接口    http://{HOST}:{settings.rasa_port}/webhooks/rest/webhook\n"
        f"日志在 {settings.var / 'log'}，按 Ctrl-C 停止。"
    )


def _watch(children: list[Server]) -> None:
    while True:
        for child in children:
            if child.failed():
                raise LaunchError(f"{child.name}意外退出：\n{child.last_words()}\n完整记录在 {child.log}")
        time.sleep(0.5)


def stop(children: list[Server]) -> None:
    """End every child: politely, then by force after ten seconds. A second Ctrl-C does not leave one behind."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for child in reversed(children):
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_STOP
    for child in children:
        if child.process:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.signal(signal.SIGKILL)
                child.process.wait()
    signal.signal(signal.SIGINT, previous)
