"""The action server: Rasa's own with our actions, closing the connections to the shop's systems when it stops.

python -m bot.launch.action_server --port 5055
"""

import argparse
import sys
from typing import Any

from rasa_sdk import endpoint
from sanic import Sanic
from sanic.request import Request

from bot.launch.standing import watch_spool
from bot.observing import logs, on_sanic, tracing
from bot.runtime.action_connections import IDLE_AT_SERVER
from bot.runtime.executor import Needs, WatchedExecutor
from bot.settings import SettingsError, get_settings
from bot.shop.adapters import systems
from bot.upkeep.presence import join

_LARGEST_BODY = 8 * 1024 * 1024  # bytes; a conversation of thousands of events has fewer


def app() -> Sanic:
    """The Sanic application with all actions."""
    needs = Needs(get_settings())
    endpoint.ActionExecutor = WatchedExecutor  # which create_app looks up there
    server = endpoint.create_app("actions", cors_origins="")
    server.config.REQUEST_MAX_SIZE = _LARGEST_BODY
    server.config.KEEP_ALIVE_TIMEOUT = IDLE_AT_SERVER
    on_sanic.harden(server)
    on_sanic.add_observing(server, needs.checks())

    @server.on_request
    async def join_trace(request: Request) -> None:
        tracing.arrived(request.headers)

    @server.listener("before_server_start")
    async def warm_up(_app: Sanic, _loop: Any) -> None:
        await needs.load()

    @server.listener("before_server_stop")
    async def close(_app: Sanic, _loop: Any) -> None:
        await systems().close()

    return server


def main() -> None:
    """Serve until the process is told to stop."""
    parser = argparse.ArgumentParser(description="动作服务")
    parser.add_argument("--host", default="127.0.0.1", help="监听的地址")
    parser.add_argument("--port", type=int, default=5055, help="端口")
    options = parser.parse_args()
    try:
        settings = get_settings()
        join(settings)
        tracing.configure(settings.traces, "actions")
    except (SettingsError, tracing.TracesMissing) as error:
        sys.exit(f"✗ {error}")
    logs.configure(settings, "actions")
    watch_spool(settings)
    app().run(options.host, options.port, access_log=False)


if __name__ == "__main__":
    main()
