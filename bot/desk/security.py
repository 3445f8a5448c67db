"""Security headers of every answer, and errors that tell nothing."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

_LOG = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EMBEDDABLE = "embeddable"  # set on an answer (`response[EMBEDDABLE] = True`) that other sites may show in a frame

_PAGE = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
)
_PICTURE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # a picture file must never act as a page
_FILES = ("/images/", "/uploads/", "/media/")
_HSTS = "max-age=31536000"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def add_security(app: web.Application, embed_on: Sequence[str]) -> None:
    """Headers on all answers of a server whose chat page may be framed by itself and by the origins `embed_on`.

    Also on those passed on from Rasa, and on errors; an error says nothing of the inside.
    """
    ancestors = " ".join(["'self'", *embed_on])

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.popall("Server", None)
        made = dict(_ALWAYS)
        if is_https(request):
            made["Strict-Transport-Security"] = _HSTS
        if request.path.startswith(_FILES):
            made["Content-Security-Policy"] = _PICTURE
        elif response.get(EMBEDDABLE):
            made["Content-Security-Policy"] = f"{_PAGE}frame-ancestors {ancestors}"
        else:
            made["Content-Security-Policy"] = f"{_PAGE}frame-ancestors 'none'"
            made["X-Frame-Options"] = "DENY"
        for name, value in made.items():  # an answer that is stricter about itself stays so
            response.headers.setdefault(name, value)

    app.on_response_prepare.append(add_headers)  # type: ignore[arg-type]  # aiohttp 3.9 describes its signals wrongly
    app.middlewares.append(_quiet_errors)


def is_https(request: web.Request) -> bool:
    """Whether the browser's connection is encrypted, here or at the proxy in front."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip() == "https"


@web.middleware
async def _quiet_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return web.json_response({"error": "too_large", "message": "内容太大"}, status=413)
    except web.HTTPException:
        raise
    except Exception:
        _LOG.exception("%s %s failed", request.method, request.path)
        return web.json_response({"error": "broken", "message": "服务出错了，请稍后再试"}, status=500)
