"""The routes of people who run the suite, on a Sanic server, and answers that tell nothing of the inside."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from sanic import Sanic
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse, json, raw

from bot.observing.access import may_read
from bot.observing.health import ALIVE, Check, Readiness
from bot.observing.metrics import CONTENT_TYPE, exposition

logger = logging.getLogger(__name__)

_FRESH = {"Cache-Control": "no-store"}
BROKEN = {"error": "broken", "message": "服务出错了，请稍后再试"}
_WORDS = {404: "没有这个地址", 405: "这个地址不接受这种请求", 413: "内容太大"}
# Nothing here is a page: whatever a browser is made to load from here, it must not run or show.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def add_observing(app: Sanic, checks: Mapping[str, Check]) -> None:
    """Add /healthz, /readyz (503 while one of `checks` fails) and /metrics (see `access`)."""
    readiness = Readiness(checks)

    @app.get("/healthz", name="healthz")
    async def alive(_: Request) -> HTTPResponse:
        return json(ALIVE, headers=_FRESH)

    @app.get("/readyz", name="readyz")
    async def ready(_: Request) -> HTTPResponse:
        missing = await readiness.missing()
        if missing:
            return json({"status": "not ready", "missing": missing}, status=503, headers=_FRESH)
        return json(ALIVE, headers=_FRESH)

    @app.get("/metrics", name="metrics")
    async def metrics(request: Request) -> HTTPResponse:
        if not may_read(request.ip, request.headers):
            return json({"error": "not_found", "message": _WORDS[404]}, status=404)
        return raw(await asyncio.to_thread(exposition), content_type=CONTENT_TYPE, headers=_FRESH)

    async def close(_app: Sanic, _loop: Any) -> None:
        readiness.close()

    app.register_listener(close, "after_server_stop")


def harden(app: Sanic) -> None:
    """Security headers on every answer; what goes wrong is in the log and not in the answer."""

    @app.on_response
    async def headers(_: Request, response: HTTPResponse | None) -> None:
        if response is not None:
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)

    async def broken(request: Request, error: Exception) -> HTTPResponse:
        if isinstance(error, SanicException) and error.status_code < 500:
            message = _WORDS.get(error.status_code, "请求的内容不对")
            return json({"error": "bad_request", "message": message}, status=error.status_code)
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
        status = error.status_code if isinstance(error, SanicException) else 500
        return json(BROKEN, status=status)

    app.error_handler.add(Exception, broken)
