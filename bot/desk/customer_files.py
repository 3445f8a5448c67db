"""Pictures and recordings that customers sent: under names that nobody can guess, never shown as a page.

Platforms' files are fetched by the channels; those of the web page are sent here (`POST /api/chat/images`).
"""

import asyncio
import secrets

from aiohttp import web

from bot.conversations import conversation_exists, conversation_of
from bot.desk.api.endpoints import STORE, address_of
from bot.desk.api.images import suffix_of
from bot.desk.api.problems import Problem
from bot.files import store_whole
from bot.limits import RateLimit
from bot.picture_types import LONGEST_START, picture_type
from bot.settings import Settings

_SETTINGS = web.AppKey("customer_files_settings", Settings)
_LIMITS = web.AppKey("customer_files_limits", dict[str, RateLimit])
_CHUNK = 64 * 1024
_HEADERS = {
    "Cache-Control": "private, max-age=86400",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def add_customer_files(app: web.Application, settings: Settings) -> None:
    """Routes for the files in `var/media`; the desk's keys must be in `app`."""
    app[_SETTINGS] = settings
    app[_LIMITS] = {"chat": RateLimit(20), "address": RateLimit(60)}
    app.router.add_get("/media/{name:[A-Za-z0-9_-]{16,64}}", customer_file)
    app.router.add_post("/api/chat/images", receive_image)


async def receive_image(request: web.Request) -> web.StreamResponse:
    """POST /api/chat/images: the body is the picture, `X-Chat-Session` the page's session; {"image", "src"}.

    The name is a key to the picture: who knows it may put it into a message.
    """
    try:
        return web.json_response(await _receive(request))
    except Problem as problem:
        return problem.response()


async def _receive(request: web.Request) -> dict[str, str]:
    settings, limits = request.app[_SETTINGS], request.app[_LIMITS]
    conversation = conversation_of(request.headers.get("X-Chat-Session", ""))
    if not await asyncio.to_thread(conversation_exists, request.app[STORE], conversation):
        raise Problem("not_found", "会话不存在，请刷新网页")
    wait = max(limits["chat"].take(conversation), limits["address"].take(address_of(request, settings)))
    if wait:
        raise Problem("too_many", "图片发得太快了，请稍等", retry_after=round(wait, 1))
    limit = settings.operations.web.image_max_mb * 2**20
    content = bytearray()
    async for piece in request.content.iter_chunked(_CHUNK):
        content += piece
        if len(content) > limit:
            raise Problem("too_large", f"图片最大 {limit // 2**20} MB")
    if suffix_of(bytes(content)) is None:
        raise Problem("bad_image")
    name = secrets.token_urlsafe(24)
    await asyncio.to_thread(store_whole, settings.var / "media" / name, bytes(content))
    return {"image": name, "src": f"/media/{name}"}


async def customer_file(request: web.Request) -> web.StreamResponse:
    """GET /media/<name>: pictures are shown, everything else is only offered for saving."""
    path = request.app[_SETTINGS].var / "media" / request.match_info["name"]
    if not path.is_file():
        raise web.HTTPNotFound(text="文件还没有取到，或已经过期")
    with path.open("rb") as file:
        kind = picture_type(file.read(LONGEST_START))
    headers = dict(_HEADERS)
    if kind is None:
        headers["Content-Disposition"] = "attachment"
    return web.FileResponse(path, headers={**headers, "Content-Type": kind or "application/octet-stream"})
