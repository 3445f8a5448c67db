"""The profiles with several servers behind nginx on one machine.

- multicore: a Rasa server for each core, the rest as in the profile without a name: embedded databases.
- cluster: two of each server with the grown-up parts, for trying them.

nginx takes the ports of the profile without a name (web, Rasa, actions), so that whoever talks to the suite finds it
where it always is; `bot.launch.rows` says where the servers behind it listen and how many fit.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from bot.launch.endpoints import runtime_endpoints
from bot.launch.nginx import Front, nginx_conf
from bot.launch.outside import check_outside, create_database
from bot.launch.problems import LaunchError
from bot.launch.rows import Row, check_room
from bot.launch.supervise import HOST, Server, action_server, alone
from bot.launch.swap import note_servers
from bot.settings import Settings, get_settings

CLUSTER = "cluster"
MOST_RASAS = 4  # of the multicore profile by default: each takes most of a gigabyte
# Where `make services` starts them; whoever has others says so in the environment.
LOCAL = {
    "DIANXIAOER_DATABASE_URL": f"postgresql://postgres@{HOST}:5432/dianxiaoer",
    "DIANXIAOER_REDIS_URL": f"redis://{HOST}:6379/0",
    "DIANXIAOER_RABBITMQ_URL": f"amqp://guest:guest@{HOST}:5672/",
}


@dataclass(frozen=True)
class Copies:
    """How many of each kind of server."""

    rasa: int
    actions: int
    web: int
    daily: int


def copies(settings: Settings) -> Copies:
    """Of the profile that was chosen; DIANXIAOER_RASA_COPIES decides how many Rasa servers."""
    if os.environ.get("DIANXIAOER_PROFILE") == CLUSTER:
        rasa, others = 2, 2
    else:
        rasa, others = min(len(os.sched_getaffinity(0)), MOST_RASAS), 1
    return Copies(settings.rasa_copies or rasa, 0 if settings.actions_module else others, others, others)


def choose(profile: str) -> None:
    """Let this process and its children use the profile's endpoints.

    Raises:
        SettingsError: there is no such profile.
    """
    os.environ["DIANXIAOER_PROFILE"] = profile
    if profile == CLUSTER:
        for name, value in LOCAL.items():
            os.environ.setdefault(name, value)
        port = os.environ.get("DIANXIAOER_ACTION_PORT", "5055")
        os.environ.setdefault("DIANXIAOER_ACTIONS_URL", f"http://{HOST}:{port}")
    os.environ.setdefault("DIANXIAOER_OWN_PROXIES", "1")
    get_settings.cache_clear()
    get_settings()


def make_ready(settings: Settings) -> None:
    """See that the services outside are there, and create the databases that are missing.

    Raises:
        LaunchError: a service is missing; says how to start it.
    """
    check_outside(settings)
    for url in sorted({settings.shop_url, settings.chat_url, settings.events_url, settings.knowledge_url}):
        create_database(url)
    create_database(settings.tracker_url)


def servers(settings: Settings) -> list[Server]:
    """All processes, in the order of their start; nginx comes last.

    Raises:
        LaunchError: nginx is not installed, or the ports do not suffice.
    """
    count = copies(settings)
    actions = Row("动作服务", "DIANXIAOER_ACTION_PORT", settings.action_port, count.actions)
    rasas = Row("Rasa 服务", "DIANXIAOER_RASA_PORT", settings.rasa_port, count.rasa, "DIANXIAOER_RASA_COPIES")
    webs = Row("网页服务", "DIANXIAOER_WEB_PORT", settings.web_port, count.web)
    check_room(actions, rasas, webs)
    nginx = find_nginx()
    logs = settings.var / "log"
    logs.mkdir(parents=True, exist_ok=True)
    python = [sys.executable, "-W", "ignore", "-m"]
    endpoints = str(runtime_endpoints(settings))
    folder = (settings.var / "nginx").resolve()
    front = Front(
        folder=folder,
        web=webs.addresses,
        rasa=rasas.addresses,
        actions=actions.addresses,
        listen_web=f"{settings.web_host}:{webs.first}",
        listen_rasa=f"{HOST}:{rasas.first}",
        listen_actions=f"{HOST}:{actions.first}" if actions.count else "",
        body_mb=body_mb(settings),
    )
    children = []
    for number, port in enumerate(actions.ports, 1):
        children.append(action_server(f"动作服务 {number}", port, logs / f"actions-{number}.log"))
    for number, port in enumerate(rasas.ports, 1):
        command = [*python, "bot.launch.rasa_server", "--interface", HOST, "--port", str(port)]
        command += ["--credentials", str(settings.credentials), "--endpoints", endpoints]
        log = logs / f"rasa-{number}.log"
        children.append(Server(f"Rasa 服务 {number}", command, port, "/", "RASA_PORT", log, alone()))
    for number, port in enumerate(webs.ports, 1):
        own = {**alone(), "DIANXIAOER_WEB_HOST": HOST, "DIANXIAOER_WEB_PORT": str(port)}
        command = [*python, "bot.launch.web_server"]
        log = logs / f"web-{number}.log"
        children.append(Server(f"网页服务 {number}", command, port, "/health", "WEB_PORT", log, own))
    for number in range(1, count.daily + 1):
        command = [*python, "bot.launch.daily"]
        children.append(Server(f"定时任务 {number}", command, 0, "", "", logs / f"daily-{number}.log"))
    if settings.events.type != "store":
        children.append(Server("事件入库", [*python, "bot", "events"], 0, "", "", logs / "events.log"))
    command = [nginx, "-p", str(folder), "-c", str(write_conf(folder, front)), "-g", "daemon off;"]
    children.append(Server("nginx", command, settings.web_port, "/health", "WEB_PORT", logs / "nginx.log"))
    note_servers(settings, [f"http://{address}" for address in rasas.addresses])
    return children


def body_mb(settings: Settings) -> int:
    """What a request may hold: the largest picture and what comes with it."""
    return max(settings.operations.web.image_max_mb, settings.operations.desk.image_max_mb) + 1


def find_nginx() -> str:
    """The path of nginx.

    Raises:
        LaunchError: it is not installed.
    """
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if nginx is None:
        raise LaunchError('几台服务前面要有 nginx，请先运行 make services ARGS="install nginx"（要 root）')
    return nginx


def write_conf(folder: Path, front: Front) -> Path:
    """Write the configuration into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nginx.conf"
    path.write_text(nginx_conf(front), encoding="utf8")
    return path
