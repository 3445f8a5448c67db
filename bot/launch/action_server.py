"""The action server: Rasa's own with our actions, closing the connections to the shop's systems when it stops.

python -m bot.launch.action_server --port 5055
"""

import argparse
import logging
import sys
import threading
import time
from typing import Any

from rasa_sdk import endpoint
from rasa_sdk.executor import ActionExecutor
from sanic import Sanic
from sanic.exceptions import ServiceUnavailable
from sanic.request import Request
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from bot.knowledge import current_index
from bot.launch.standing import watch_spool
from bot.nlu.encoder import EncoderError
from bot.observing import logs, on_sanic, tracing
from bot.observing.context import about
from bot.observing.health import Loaded, database
from bot.observing.metrics import ACTION_FAILURES, ACTION_SECONDS
from bot.runtime.action_connections import IDLE_AT_SERVER
from bot.settings import Settings, SettingsError, get_settings
from bot.shop import ShopError
from bot.shop.adapters import systems
from bot.upkeep.presence import join

_LARGEST_BODY = 8 * 1024 * 1024  # bytes; a conversation of thousands of events has fewer


class WatchedExecutor(ActionExecutor):
    """Runs actions as Rasa's does, and counts how long each takes and which fail."""

    async def run(self, action_call: Any) -> Any:
        """The answer for Rasa; errors go on to the server, which tells nobody what they say."""
        name = str(action_call.get("next_action") or "")
        label = name if name in self.actions else "unknown"
        began = time.perf_counter()
        try:
            with (
                about(str(action_call.get("sender_id") or "")),
                tracing.continued(tracing.arrived_with()),
                tracing.span("action", action=label),
            ):
                return await super().run(action_call)
        except Exception as error:
            ACTION_FAILURES.labels(label).inc()
            if is_database_away(error):  # Rasa waits for it (bot/runtime/patience.py)
                raise ServiceUnavailable("the database is away") from error
            raise
        finally:
            ACTION_SECONDS.labels(label).observe(time.perf_counter() - began)


def is_database_away(error: BaseException | None) -> bool:
    """Whether an action failed for want of its database, also where its own error came of that."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            return True
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        error = error.__cause__ or error.__context__
    return False


def app() -> Sanic:
    """The Sanic application with all actions."""
    settings, encoder = get_settings(), Loaded()
    endpoint.ActionExecutor = WatchedExecutor  # which create_app looks up there
    server = endpoint.create_app("actions", cors_origins="")
    server.config.REQUEST_MAX_SIZE = _LARGEST_BODY
    server.config.KEEP_ALIVE_TIMEOUT = IDLE_AT_SERVER
    on_sanic.harden(server)
    stores = {"shop": settings.shop_url, "chat": settings.chat_url, "knowledge": settings.knowledge_url}
    databases = {f"{name}_store": database(url) for name, url in stores.items()}
    on_sanic.add_observing(server, {**databases, "encoder": encoder})

    @server.on_request
    async def join_trace(request: Request) -> None:
        tracing.arrived(request.headers)

    @server.listener("after_server_start")
    async def warm_up(_app: Sanic, _loop: Any) -> None:
        threading.Thread(target=_load_index, args=(settings, encoder), daemon=True, name="warm-up").start()

    @server.listener("before_server_stop")
    async def close(_app: Sanic, _loop: Any) -> None:
        await systems().close()

    return server


def _load_index(settings: Settings, encoder: Loaded) -> None:
    """Beside the first requests: the first question for the knowledge base shall not wait for it."""
    try:
        current_index(settings.knowledge_url, settings.shop_url).get()
    except (EncoderError, SQLAlchemyError, ShopError) as error:
        logging.getLogger(__name__).warning("知识库暂时不能检索：%s", error)
    finally:
        encoder.done()


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
