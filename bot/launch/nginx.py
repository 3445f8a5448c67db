"""The configuration of nginx in front of several servers."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.desk.server import PLATFORMS


@dataclass(frozen=True)
class Front:
    """What nginx stands in front of; addresses are "host:port".

    Attributes:
        folder: for nginx's own files; None for an image that brings its own places.
        web, rasa, actions: the servers behind it; `actions` may be empty, where others balance them.
        listen_web: the public address.
        listen_rasa, listen_actions: addresses for the suite's own processes; empty for none.
        body_mb: the largest request body, in MiB.
    """

    folder: Path | None
    web: Sequence[str]
    rasa: Sequence[str]
    actions: Sequence[str]
    listen_web: str
    listen_rasa: str = ""
    listen_actions: str = ""
    body_mb: int = 6


_HEADERS = """\
proxy_http_version 1.1;
proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $forwarded_proto;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;
proxy_connect_timeout 3s;
proxy_next_upstream error timeout;"""

_LOG = (
    'log_format main escape=json \'{"time":"$time_iso8601","from":"$remote_addr","method":"$request_method",'
    '"path":"$uri","status":$status,"bytes":$bytes_sent,"seconds":$request_time,"to":"$upstream_addr"}\';'
)


def nginx_conf(front: Front) -> str:
    """The whole file.

    Pages stay with the Rasa server that they came to, also while they poll: their address and the number `page`,
    which each page makes up for itself, decide. Everything else goes where the fewest requests are.
    """
    public = [_location("/", "web", read="3600s"), _location("/socket.io/", "rasa_chat", read="3600s")]
    platforms = "|".join(PLATFORMS)
    # Not Rasa's other channels, nor its management: they stay among the suite's own processes.
    public.append(_location(f"~ ^/webhooks/({platforms})/(webhook|events)(/|$)", "rasa", read="120s"))
    public.append("location ~ ^/(metrics|healthz|readyz)$ {\n    return 404;\n}")
    servers = [_server(front.listen_web, public)]
    if front.listen_rasa:
        servers.append(_server(front.listen_rasa, [_location("/", "rasa", read="3600s")]))
    if front.listen_actions:
        servers.append(_server(front.listen_actions, [_location("/", "actions", read="300s")], body="64m"))
    # On this machine a dead server refuses at once, and the next one is asked. Another machine that does not answer is
    # left out for two seconds: long enough to save waiting, short after a restart.
    patience = "max_fails=1 fail_timeout=2s" if front.folder is None else "max_fails=0"
    behind = [
        ("web", front.web, "least_conn;"),
        ("rasa", front.rasa, "least_conn;"),
        ("rasa_chat", front.rasa, "hash $remote_addr$arg_page consistent;"),
        ("actions", front.actions, "least_conn;"),
    ]
    upstreams = [_upstream(name, servers, balancing, patience) for name, servers, balancing in behind if servers]
    http = [
        _LOG,
        f"access_log {'/dev/stdout' if front.folder is None else 'access.log'} main;",
        *_places(front.folder),
        "include /etc/nginx/mime.types;" if front.folder is None else "default_type application/octet-stream;",
        "server_tokens off;",
        "tcp_nodelay on;",
        "keepalive_timeout 65s;",
        "client_header_timeout 10s;",
        "client_body_timeout 30s;",
        f"client_max_body_size {front.body_mb}m;",
        "large_client_header_buffers 4 16k;",
        "map $http_upgrade $connection_upgrade {\n    default upgrade;\n    '' '';\n}",
        "map $http_x_forwarded_proto $forwarded_proto {\n    default $http_x_forwarded_proto;\n    '' $scheme;\n}",
        *upstreams,
        *servers,
    ]
    head = ["# 由 bot/launch/nginx.py 生成，请不要手改。", "worker_processes auto;", "error_log stderr warn;"]
    if front.folder is not None:
        head.append(f"pid {front.folder}/nginx.pid;")
        if os.geteuid() == 0:  # its workers must get to a folder that may be ours alone
            head.append("user root;")
    else:
        head.append("pid /tmp/nginx.pid;")
    blocks = [*head, _block("events", ["worker_connections 8192;"]), _block("http", http)]
    return "\n".join(blocks) + "\n"


def _places(folder: Path | None) -> list[str]:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return [f"{kind}_temp_path {'/tmp' if folder is None else folder}/{kind};" for kind in kinds]


def _upstream(name: str, servers: Sequence[str], balancing: str, patience: str) -> str:
    # Without a zone each of nginx's workers counts only the connections of its own.
    lines = [f"zone {name} 64k;", balancing, *(f"server {server} {patience};" for server in servers)]
    return _block(f"upstream {name}", [*lines, "keepalive 64;"])


def _location(path: str, upstream: str, *, read: str) -> str:
    lines = [f"proxy_pass http://{upstream};", *_HEADERS.splitlines()]
    return _block(f"location {path}", [*lines, f"proxy_read_timeout {read};", f"proxy_send_timeout {read};"])


def _server(listen: str, locations: Sequence[str], *, body: str = "") -> str:
    size = [f"client_max_body_size {body};", "client_body_buffer_size 512k;"] if body else []
    return _block("server", [f"listen {listen};", *size, *locations])


def _block(head: str, lines: Sequence[str]) -> str:
    inner = "\n".join(f"    {line}" for part in lines for line in part.splitlines())
    return f"{head} {{\n{inner}\n}}"
