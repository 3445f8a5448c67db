"""Reverse proxy of /socket.io/ to the Rasa server, so that one public address is enough."""

import asyncio
import logging

import aiohttp
from aiohttp import web

from bot.desk.security import Handler

logger = logging.getLogger(__name__)

_SESSION = web.AppKey("proxy_session", aiohttp.ClientSession)
_MAX_FRAME = 1024 * 1024
_CONNECT = aiohttp.ClientTimeout(total=None, sock_connect=5)  # long polling and sockets are silent for long
# These belong to one connection, not to the message (RFC 9110, 7.6.1); aiohttp sets its own.
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"}
_HOP_BY_HOP |= {"transfer-encoding", "upgrade", "host", "content-length"}
_HOP_BY_HOP |= {f"sec-websocket-{part}" for part in ("key", "version", "extensions", "protocol")}


def add_proxy(app: web.Application, path: str, rasa_url: str) -> None:
    """Forward everything under `path` ("/socket.io/") to the same path at `rasa_url`."""

    async def session(_: web.Application):  # type: ignore[no-untyped-def]  # aiohttp's cleanup context
        async with aiohttp.ClientSession(auto_decompress=False, timeout=_CONNECT) as client:
            app[_SESSION] = client
            yield

    app.cleanup_ctx.append(session)
    app.router.add_route("*", path, _forward_to(rasa_url))


def _forward_to(rasa_url: str) -> Handler:
    async def forward(request: web.Request) -> web.StreamResponse:
        target = f"{rasa_url}{request.rel_url.raw_path}"
        if request.rel_url.raw_query_string:
            target += f"?{request.rel_url.raw_query_string}"
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await _forward_socket(request, target)
            return await _forward_http(request, target)
        except aiohttp.ClientError as error:
            logger.warning("Rasa at %s does not answer: %s", rasa_url, error)
            return web.json_response({"error": "bot_down", "message": "机器人暂时连不上，请稍后再试"}, status=502)

    return forward


def _headers(request: web.Request) -> dict[str, str]:
    kept = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
    before = request.headers.get("X-Forwarded-For")
    peer = request.remote or ""
    kept["X-Forwarded-For"] = f"{before}, {peer}" if before else peer
    kept.setdefault("X-Forwarded-Proto", request.scheme)
    kept.setdefault("X-Forwarded-Host", request.host)
    return kept


async def _forward_http(request: web.Request, target: str) -> web.StreamResponse:
    client = request.app[_SESSION]
    body = await request.read()
    async with client.request(
        request.method, target, headers=_headers(request), data=body, allow_redirects=False
    ) as answer:
        response = web.StreamResponse(status=answer.status, reason=answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                response.headers.add(name, value)
        await response.prepare(request)
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
        return response


async def _forward_socket(request: web.Request, target: str) -> web.StreamResponse:
    client = request.app[_SESSION]
    # Upstream first: while it is down the browser still gets an honest 502.
    async with client.ws_connect(target, headers=_headers(request), max_msg_size=_MAX_FRAME) as upstream:
        downstream = web.WebSocketResponse(max_msg_size=_MAX_FRAME, timeout=2)
        await downstream.prepare(request)
        pumps = [
            asyncio.create_task(_pump(downstream, upstream)),
            asyncio.create_task(_pump(upstream, downstream)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:  # one side has gone, so the other goes too
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            await upstream.close()
            await downstream.close(code=upstream.close_code or aiohttp.WSCloseCode.GOING_AWAY)
        return downstream


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pump(source: _Socket, sink: _Socket) -> None:
    async for message in source:
        if message.type == aiohttp.WSMsgType.TEXT:
            await sink.send_str(message.data)
        elif message.type == aiohttp.WSMsgType.BINARY:
            await sink.send_bytes(message.data)
