"""`python -m bot.launch.web_server`: the customer's page, the desk and the management site under one address."""

import logging
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from bot.chatwoot import add_chatwoot
from bot.conversations import current_store
from bot.desk.api.endpoints import Call, Endpoint, serve
from bot.desk.meaning import vectors
from bot.desk.server import Site, create_app
from bot.insight.api import Handler, Role, add_routes
from bot.launch.standing import watch_databases, watch_spool
from bot.learning import Project
from bot.learning import api as learning
from bot.nlu.encoder import EncoderError
from bot.observing import logs, tracing
from bot.observing.health import Check, Loaded
from bot.quality import api as quality
from bot.settings import Settings, SettingsError, get_settings
from bot.upkeep.presence import join

# What the management site's rights mean at the desk.
ROLES: dict[Role, str] = {"read": "supervisor", "change": "supervisor"}


def create_site(settings: Settings, checks: Mapping[str, Check] | None = None) -> web.Application:
    """The web server with all of its rooms; `checks` must pass besides its databases' before it is ready."""
    app = create_app(Site(settings), checks)
    add_chatwoot(app, settings)
    add_routes(app, settings, _allow)
    quality.add_routes(app, settings, _allow_quality)
    learning.add_routes(app, Project(settings), _allow_by_id)
    return app


def _load_encoder(loaded: Loaded) -> None:
    """Beside the first requests: the first agent shall not wait for it at her first suggestion."""
    try:
        vectors(["您好"])
    except EncoderError as error:
        logging.getLogger(__name__).warning("没有编码器，客服台不能按意思推荐回复：%s", error)
    finally:
        loaded.done()


def _allow(method: str, path: str, role: Role, handler: Handler) -> Handler:
    async def call(checked: Call) -> Any:
        return await handler(checked.request)

    return serve(Endpoint(method, path, ROLES[role], call, raw=True, name=handler.__name__))


def _allow_quality(
    method: str, path: str, role: quality.Role, handler: quality.Handler
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def call(checked: Call) -> Any:
        return await handler(quality.Asked(checked.request, checked.me.account.id, checked.me.may("supervisor")))

    return serve(Endpoint(method, path, role, call, raw=True, name=handler.__name__))


def _allow_by_id(method: str, path: str, role: Role, handler: learning.Handler) -> Any:
    async def call(checked: Call) -> Any:
        return await handler(checked.request, checked.me.account.id)

    return serve(Endpoint(method, path, ROLES[role], call, raw=True, name=handler.__name__))


def main() -> int:
    """Run the server until it is stopped, at the address from the settings (DIANXIAOER_WEB_HOST=0.0.0.0 opens it)."""
    try:
        settings = get_settings()
        join(settings)
        logs.configure(settings, "web")
        tracing.configure(settings.traces, "web")
        encoder = Loaded()
        watch_databases(settings, current_store())
        watch_spool(settings)
        app = create_site(settings, {"encoder": encoder})
        threading.Thread(target=_load_encoder, args=(encoder,), daemon=True, name="warm-up").start()
        web.run_app(app, host=settings.web_host, port=settings.web_port, print=None, shutdown_timeout=2)
    except (SettingsError, tracing.TracesMissing) as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"✗ 端口 {settings.web_port} 用不了（{error.strerror}），请换一个：DIANXIAOER_WEB_PORT=8001",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
