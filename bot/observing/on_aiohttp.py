"""The routes of people who run the suite, on an aiohttp server."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from aiohttp import web

from bot.observing.access import may_read
from bot.observing.health import ALIVE, Check, Readiness
from bot.observing.metrics import CONTENT_TYPE, exposition

_FRESH = {"Cache-Control": "no-store"}
_READINESS = web.AppKey("readiness", Readiness)


def add_observing(app: web.Application, checks: Mapping[str, Check]) -> None:
    """Add /healthz, /readyz (503 while one of `checks` fails) and /metrics (see `access`)."""
    app[_READINESS] = Readiness(checks)
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/readyz", _ready)
    app.router.add_get("/metrics", _metrics)
    app.cleanup_ctx.append(_threads)


async def _threads(app: web.Application) -> AsyncIterator[None]:
    yield
    app[_READINESS].close()


async def _alive(_: web.Request) -> web.StreamResponse:
    return web.json_response(ALIVE, headers=_FRESH)


async def _ready(request: web.Request) -> web.StreamResponse:
    missing = await request.app[_READINESS].missing()
    if missing:
        return web.json_response({"status": "not ready", "missing": missing}, status=503, headers=_FRESH)
    return web.json_response(ALIVE, headers=_FRESH)


async def _metrics(request: web.Request) -> web.StreamResponse:
    if not may_read(request.remote, request.headers):
        raise web.HTTPNotFound(text="没有这个页面")
    return web.Response(body=await asyncio.to_thread(exposition), headers={"Content-Type": CONTENT_TYPE, **_FRESH})
