"""Pictures that agents send: checked by their first bytes, named by their content, open to who knows the name."""

import asyncio
import hashlib
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.desk.api.endpoints import SETTINGS, Call, endpoint
from bot.desk.api.problems import Problem
from bot.files import store_whole
from bot.picture_types import SUFFIXES, picture_type
from bot.settings import Settings

IMAGE_NAME = r"^[0-9a-f]{64}\.(jpg|png|webp)$"
PATH = "/uploads/"
_CHUNK = 64 * 1024


def folder(settings: Settings) -> Path:
    """Where pictures lie."""
    return settings.var / "uploads"


def exists(settings: Settings, name: str) -> bool:
    """Whether a picture of this name was uploaded."""
    return re.fullmatch(IMAGE_NAME, name) is not None and (folder(settings) / name).is_file()


def path_of(name: str) -> str:
    """Its path on the web server."""
    return PATH + name


def suffix_of(content: bytes) -> str | None:
    """By the first bytes, whatever a sender calls it: ".jpg", ".png", ".webp", or None."""
    return SUFFIXES.get(picture_type(content) or "")


@endpoint("POST", "/images", raw=True)
async def upload_image(call: Call) -> Any:
    """The body is the picture itself; the answer's `image` goes into a message."""
    limit = call.settings.operations.desk.image_max_mb * 2**20
    content = bytearray()
    async for piece in call.request.content.iter_chunked(_CHUNK):
        content += piece
        if len(content) > limit:
            raise Problem("too_large", f"图片最大 {limit // 2**20} MB")
    suffix = suffix_of(bytes(content))
    if suffix is None:
        raise Problem("bad_image")
    # A salt nobody outside knows: the name is the key to the picture, and content may be guessed.
    salt = call.me.account.id.encode() + call.me.csrf.encode()
    name = hashlib.sha256(salt + bytes(content)).hexdigest() + suffix
    await asyncio.to_thread(store_whole, folder(call.settings) / name, bytes(content))
    return {"image": name, "src": path_of(name)}


async def serve_image(request: web.Request) -> web.StreamResponse:
    """GET /uploads/{name}."""
    name = request.match_info["name"]
    if not exists(request.app[SETTINGS], name):
        raise web.HTTPNotFound(text="没有这张图片")
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return web.FileResponse(folder(request.app[SETTINGS]) / name, headers=headers)
