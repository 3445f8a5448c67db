"""Security headers of every answer."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Middleware = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

EMBEDDABLE = "embeddable"  # set on an answer (`response[EMBEDDABLE] = True`) that other sites may show in a frame

_PAGE = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
)
_PICTURE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # a picture file must never act as a page
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def middleware(embed_on: Sequence[str]) -> Middleware:
    """Headers for a server whose chat page may be framed by itself and by the origins `embed_on`."""
    ancestors = " ".join(["'self'", *embed_on])

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(_ALWAYS)
        if request.path.startswith("/images/"):
            response.headers["Content-Security-Policy"] = _PICTURE
        elif response.get(EMBEDDABLE):
            response.headers["Content-Security-Policy"] = f"{_PAGE}frame-ancestors {ancestors}"
        else:
            response.headers["Content-Security-Policy"] = f"{_PAGE}frame-ancestors 'none'"
            response.headers["X-Frame-Options"] = "DENY"

    @web.middleware
    async def secure(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            await add_headers(request, error)
            raise
        if not response.prepared:
            await add_headers(request, response)
        return response

    return secure
