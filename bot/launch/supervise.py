"""Start the servers, wait until each is healthy, start again those that die, and end them together."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from bot.launch.endpoints import runtime_endpoints
from bot.launch.leftovers import end_leftovers, forget, note
from bot.launch.problems import LaunchError, explain
from bot.launch.steps import prepare, say
from bot.launch.swap import note_servers
from bot.settings import ROOT, Settings, get_settings
from bot.upkeep.presence import join

HOST = "127.0.0.1"
SECONDS_TO_START = 120
SECONDS_TO_STOP = 10
# For the small products of matrices in a turn OpenBLAS's threads cost more in waiting for each other than they compute:
# with them a turn takes twice the processor time. Whoever sets the variables decides.
LONE_BLAS = {name: os.environ.get(name, "1") for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
OF_LATE, LONGEST_PAUSE = 300.0, 30.0  # seconds: who has died often of late waits for the next start


@dataclass
class Server:
    """One child process with its address and log; one without a port serves nobody and is healthy while it runs."""

    name: str
    command: list[str]
    port: int
    health: str
    variable: str
    log: Path
    environment: dict[str, str] = field(default_factory=dict)  # beside the environment of this process
    process: "subprocess.Popen[bytes] | None" = field(default=None)
    restarted: list[float] = field(default_factory=list)  # when, of the monotonic clock
    folder: Path = ROOT  # where it runs

    def start(self) -> None:
        environment = {
            **os.environ,
            "RASA_TELEMETRY_ENABLED": "false",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            **self.environment,
        }
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches only us, and we end the children in order.
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def healthy(self) -> bool:
        if not self.port:
            return not self.failed()
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}{self.health}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def failed(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def pause(self) -> float:
        """Seconds until it may be started again: none after its first death of late, then more and more."""
        now = time.monotonic()
        self.restarted = [at for at in self.restarted if at > now - OF_LATE]
        if not self.restarted:
            return 0.0
        return max(0.0, self.restarted[-1] + min(2.0 ** len(self.restarted), LONGEST_PAUSE) - now)

    def start_again(self) -> None:
        """Start it anew after its death."""
        # What it has started itself (nginx's workers) would keep the port.
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.restarted.append(time.monotonic())
        self.start()

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
    rasa += ["--credentials", str(settings.credentials), "--endpoints", str(runtime_endpoints(settings))]
    web = ["bot.launch.web_server"]
    children = (
        [] if settings.actions_module else [action_server("动作服务", settings.action_port, logs / "actions.log")]
    )
    return [
        *children,
        Server("Rasa 服务", python + rasa, settings.rasa_port, "/", "RASA_PORT", logs / "rasa.log", alone()),
        Server("网页服务", python + web, settings.web_port, "/health", "WEB_PORT", logs / "web.log", alone()),
        Server("定时任务", [*python, "bot.launch.daily"], 0, "", "", logs / "daily.log"),
    ]


def action_server(name: str, port: int, log: Path) -> Server:
    """A server of actions for Rasa servers that do not run them themselves."""
    command = [sys.executable, "-W", "ignore", "-m", "bot.launch.action_server", "--host", HOST, "--port", str(port)]
    return Server(name, command, port, "/health", "ACTION_PORT", log, alone())


def alone() -> dict[str, str]:
    """The environment of a server that answers customers."""
    return dict(LONE_BLAS)


def check_ports(children: list[Server]) -> None:
    """Raise LaunchError when a port is taken, naming the variable that moves it."""
    for child in (child for child in children if child.port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, child.port))
            except OSError:
                raise LaunchError(
                    f"端口 {child.port}（{child.name}）被占用，请停掉占用它的程序，"
                    f"或换一个端口：DIANXIAOER_{child.variable}={child.port + 1} make run"
                ) from None


def up(profile: str = "") -> None:
    """Prepare everything, start all servers and stay until Ctrl-C; one that dies is started again.

    Args:
        profile: "cluster" or "multicore" for several behind nginx (`bot.launch.fronted`); nothing for one of each.

    Raises:
        LaunchError: something could not start.
    """
    if profile:
        from bot.launch import fronted

        fronted.choose(profile)
        children = fronted.servers(get_settings())
    else:
        children = servers(get_settings())
        note_servers(get_settings(), [])
    left = end_leftovers(get_settings())
    if left:
        say(f"上次没有正常停止，先结束了还在运行的 {left} 个服务")
    join(get_settings())
    check_ports(children)
    if profile:
        fronted.make_ready(get_settings())
    prepare()
    # Also SIGINT: a shell starts what it puts into the background with Ctrl-C ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        start(children)
        _note(children)
        _announce(get_settings())
        watch(children)
    except KeyboardInterrupt:
        say("\n正在停止……")
    except OSError as error:
        raise explain(error) from error
    finally:
        stop(children)
        forget(get_settings())


def _note(children: list[Server]) -> None:
    note(get_settings(), [child.process.pid for child in children if child.process])


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def start(children: list[Server], progress: Callable[[str], None] = say) -> None:
    """Start every child and wait until all are healthy.

    Raises:
        LaunchError: one ended or is not healthy in time.
    """
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
                progress(f"✓ {child.name}就绪（{time.monotonic() - began:.0f} 秒）")
        if waiting and time.monotonic() - began > SECONDS_TO_START:
            names = "、".join(c.name for c in waiting)
            raise LaunchError(f"{names}在 {SECONDS_TO_START} 秒内没有就绪，请看 {waiting[0].log}")
        time.sleep(0.2)


def _announce(settings: Settings) -> None:
    say(
        f"\n店小二已经开门：\n"
        f"  顾客聊天页   http://{HOST}:{settings.web_port}/\n"
        f"  嵌入示例页   http://{HOST}:{settings.web_port}/demo\n"
        f"  客服台       http://{HOST}:{settings.web_port}/desk\n"
        f"  管理         http://{HOST}:{settings.web_port}/manage\n"
        f"  REST 接口    http://{HOST}:{settings.rasa_port}/webhooks/rest/webhook\n"
        f"日志在 {settings.var / 'log'}，按 Ctrl-C 停止。"
    )


def watch(children: list[Server]) -> None:
    """Start again who dies, for ever: a service that one of them needs may be away for long, and the others go on."""
    while True:
        for child in children:
            if not child.failed() or child.pause():
                continue
            child.start_again()
            _note(children)
            often = f"（5 分钟里第 {len(child.restarted)} 次）" if len(child.restarted) > 1 else ""
            say(f"⚠ {child.name}意外退出，已重新启动{often}，完整记录在 {child.log}")
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
