"""The web server: pages, pictures, embed script and the socket, under one address."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.desk import demo, security
from bot.desk.api import add_desk
from bot.desk.customer_files import add_customer_files
from bot.desk.proxy import add_proxy
from bot.observing.health import Check, database
from bot.observing.on_aiohttp import add_observing
from bot.settings import ROOT, Settings
from bot.shop import release_unpaid
from bot.shop.owner_check import forget_old

_LOG = logging.getLogger(__name__)
_HOUSEKEEPING_SECONDS = 60

PLATFORMS = ("wechat", "wecom", "wechat_kf", "feishu", "dingtalk", "open")
_NOT_BUILT = "网页还没有构建：请在项目根目录运行 make web，或到 bot/web 里运行 npm ci && npm run build"
_FOREVER = "public, max-age=31536000, immutable"  # for files with a hash of their content in the name


@dataclass(frozen=True)
class Site:
    """What a server serves: the built pages, the product pictures and the Rasa server behind it."""

    settings: Settings
    dist: Path = ROOT / "bot" / "web" / "dist"
    images: Path = ROOT / "data" / "shop" / "images"

    @property
    def rasa_url(self) -> str:
        return self.settings.rasa_url


_SITE = web.AppKey("site", Site)


def create_app(site: Site, checks: Mapping[str, Check] | None = None) -> web.Application:
    """The aiohttp application of `site`; it is ready when its databases answer and `checks` pass."""
    app = web.Application(client_max_size=1024 * 1024)
    security.add_security(app, site.settings.operations.web.embed_on)
    app[_SITE] = site
    app.router.add_get("/", _chat_page)
    app.router.add_get("/{page:desk|manage}", _staff_page)
    app.router.add_get("/embed.js", _embed_script)
    app.router.add_get("/assets/{name:[^/]+}", _asset)
    app.router.add_get("/images/{name:[^/]+}", _image)
    app.router.add_get("/api/config", _config)
    app.router.add_get("/health", _health)
    app.router.add_get("/demo", _demo)
    add_observing(app, {**_databases(site.settings), **(checks or {})})
    add_desk(app, site.settings)
    add_customer_files(app, site.settings)
    add_proxy(app, "/socket.io/", site.rasa_url)
    # The platforms' callbacks, and no others: Rasa's REST channel stays on the machine itself.
    add_proxy(app, f"/webhooks/{{channel:{'|'.join(PLATFORMS)}}}/{{rest:webhook|events}}", site.rasa_url)
    app.cleanup_ctx.append(_housekeeping)
    return app


def _databases(settings: Settings) -> dict[str, Check]:
    stores = {"chat": settings.chat_url, "shop": settings.shop_url}
    stores |= {"event": settings.events_url, "knowledge": settings.knowledge_url}
    return {f"{name}_store": database(url) for name, url in stores.items()}


def _tidy_shop(url: str) -> None:
    release_unpaid(url)
    forget_old(url)


async def _housekeeping(app: web.Application) -> AsyncIterator[None]:
    """Once a minute give back the stock of orders not paid in time and forget what no longer counts.

    Several servers may do so at once.
    """

    async def run() -> None:
        while True:
            try:
                await asyncio.to_thread(_tidy_shop, app[_SITE].settings.shop_url)
            except SQLAlchemyError:
                _LOG.exception("the shop could not be tidied up")
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)

    task = asyncio.create_task(run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _chat_page(request: web.Request) -> web.StreamResponse:
    page = request.app[_SITE].dist / "index.html"
    if not page.is_file():
        return web.Response(status=503, text=_NOT_BUILT)
    response = web.FileResponse(page, headers={"Cache-Control": "no-cache"})
    response[security.EMBEDDABLE] = True
    return response


async def _staff_page(request: web.Request) -> web.StreamResponse:
    page = request.app[_SITE].dist / f"{request.match_info['page']}.html"
    if not page.is_file():
        return web.Response(status=503, text=_NOT_BUILT)
    return web.FileResponse(page, headers={"Cache-Control": "no-cache"})


async def _embed_script(request: web.Request) -> web.StreamResponse:
    script = request.app[_SITE].dist / "embed.js"
    if not script.is_file():
        return web.Response(status=503, text=_NOT_BUILT)
    # Other sites load it with a plain script tag, which their isolation rules may forbid without this header.
    headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    return web.FileResponse(script, headers=headers)


async def _asset(request: web.Request) -> web.StreamResponse:
    return _file(request.app[_SITE].dist / "assets", request.match_info["name"], _FOREVER)


async def _image(request: web.Request) -> web.StreamResponse:
    return _file(request.app[_SITE].images, request.match_info["name"], "public, max-age=3600")


def _file(folder: Path, name: str, cache: str) -> web.StreamResponse:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise web.HTTPNotFound(text="没有这个文件")
    return web.FileResponse(path, headers={"Cache-Control": cache})


async def _config(request: web.Request) -> web.StreamResponse:
    site_settings = request.app[_SITE].settings.operations.web
    return web.json_response(
        {
            "shop_name": site_settings.shop_name,
            "message_max_length": site_settings.message_max_length,
            "image_max_mb": site_settings.image_max_mb,
        },
        headers={"Cache-Control": "no-cache"},
    )


async def _health(request: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "ok", "rasa": await _rasa_state(request.app[_SITE].rasa_url)})


async def _rasa_state(url: str) -> str:
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as client, client.get(url) as answer:
            return "ok" if answer.status == 200 else "down"
    except (aiohttp.ClientError, asyncio.TimeoutError):
        return "down"


async def _demo(request: web.Request) -> web.StreamResponse:
    shop_url = request.app[_SITE].settings.shop_url
    try:
        page = await asyncio.to_thread(demo.page, shop_url, request.query.get("sku"))
    except demo.NoSuchProduct as error:
        raise web.HTTPNotFound(text=str(error)) from None
    return web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-cache"})
