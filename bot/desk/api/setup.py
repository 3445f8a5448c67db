"""The desk on the web server: its endpoints, pages' events, and its clockwork."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations import Store, bus_of, forget_events
from bot.db import upgrade
from bot.desk import sessions
from bot.desk.api import (  # noqa: F401  # they register their endpoints
    assistance,
    chats,
    images,
    messages,
    overview,
    people,
    phrases,
    push,
    tickets,
)
from bot.desk.api.endpoints import ENDPOINTS, PREFIX, SETTINGS, STORE, serve
from bot.desk.api.problems import Problem
from bot.desk.dispatch import Dispatcher, Onlooker
from bot.desk.service import Service
from bot.desk.surveyor import Surveyor
from bot.desk.telling import Teller
from bot.settings import Settings

_LOG = logging.getLogger(__name__)
_TIDY_SECONDS = 3600
_NEWS_STAYS = timedelta(days=2)


def add_desk(app: web.Application, settings: Settings) -> None:
    """Add the desk's endpoints under /api/desk and run its clockwork as long as the server runs."""
    app[SETTINGS] = settings
    app[STORE] = store = Store(settings.chat_url, bus_of(settings))
    app[push.HUB] = push.Hub(store, settings.operations.desk)
    for one in ENDPOINTS:
        app.router.add_route(one.method, one.path, serve(one))
    app.router.add_route("*", PREFIX + "/{rest:.*}", _unknown)
    app.router.add_get(images.PATH + "{name}", images.serve_image)
    app.cleanup_ctx.append(_run)
    app.on_shutdown.append(_close_sockets)  # type: ignore[arg-type]  # aiohttp 3.9 describes its signals wrongly


async def _unknown(_: web.Request) -> web.StreamResponse:
    return Problem("not_found", "没有这个接口").response()


async def _run(app: web.Application) -> AsyncIterator[None]:
    store, settings = app[STORE], app[SETTINGS]
    for room in ("conversations", "desk"):
        await asyncio.to_thread(upgrade, store.url, room)
    await store.bus.start()
    # Where people answer elsewhere, nobody here is to be given chats.
    clockwork = Dispatcher if settings.desk.type == "own" else Onlooker
    service = Service(store, clockwork(store, settings.operations.desk), Surveyor(store))
    await service.start()
    teller = Teller(store, settings)
    await teller.start()
    await app[push.HUB].start()
    tidying = asyncio.create_task(_tidy(store))
    yield
    tidying.cancel()
    await asyncio.gather(tidying, return_exceptions=True)
    await service.stop()
    await teller.stop()
    await store.bus.close()


async def _close_sockets(app: web.Application) -> None:
    await app[push.HUB].stop()


async def _tidy(store: Store) -> None:
    while True:
        try:
            await asyncio.to_thread(forget_events, store, _NEWS_STAYS)
            await asyncio.to_thread(sessions.forget_sessions, store)
        except SQLAlchemyError:
            _LOG.exception("the desk could not be tidied up")
        await asyncio.sleep(_TIDY_SECONDS)
