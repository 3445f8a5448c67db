"""The proxy to Rasa: both transports, whole and prompt, with honest errors."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestClient


async def test_forwards_method_query_body_headers_and_the_customers_address(client: TestClient, rasa: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        seen = {
            "method": request.method,
            "query": request.query_string,
            "body": await request.text(),
            "for": request.headers["X-Forwarded-For"],
            "custom": request.headers.get("X-Custom"),
        }
        return web.json_response(seen, status=201, headers={"X-Answer": "yes", "Set-Cookie": "io=1"})

    await rasa(handler)
    headers = {"X-Custom": "c", "X-Forwarded-For": "9.9.9.9"}
    answer = await client.post("/socket.io/?EIO=4&sid=a%2Bb", data='42["你好"]', headers=headers)
    assert (answer.status, answer.headers["X-Answer"], answer.headers["Set-Cookie"]) == (201, "yes", "io=1")
    assert await answer.json() == {
        "method": "POST",
        "query": "EIO=4&sid=a%2Bb",
        "body": '42["你好"]',
        "for": "9.9.9.9, 127.0.0.1",
        "custom": "c",
    }


async def test_does_not_hold_back_what_comes_in_pieces(client: TestClient, rasa: Any) -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write("一".encode())
        await release.wait()
        await response.write("二".encode())
        return response

    await rasa(handler)
    answer = await client.get("/socket.io/")
    assert (await asyncio.wait_for(answer.content.readany(), 2)).decode() == "一"
    release.set()
    assert (await answer.content.read()).decode() == "二"


async def test_carries_a_websocket_both_ways(client: TestClient, rasa: Any) -> None:
    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await socket.send_str(f"{request.query['EIO']}:{message.data}")
            else:
                await socket.send_bytes(message.data[::-1])
        return socket

    await rasa(handler)
    async with client.ws_connect("/socket.io/?EIO=4&transport=websocket") as socket:
        await socket.send_str("你好")
        assert await socket.receive_str(timeout=2) == "4:你好"
        await socket.send_bytes(b"abc")
        assert await socket.receive_bytes(timeout=2) == b"cba"


async def test_a_socket_closes_on_both_sides_whoever_goes_first(client: TestClient, rasa: Any) -> None:
    gone = asyncio.Event()

    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.data == "bye":
                await socket.close(code=4001)
        gone.set()
        return socket

    await rasa(handler)
    async with client.ws_connect("/socket.io/") as socket:
        await socket.send_str("bye")
        assert (await socket.receive(timeout=2)).type == WSMsgType.CLOSE
        assert socket.close_code == 4001
    await asyncio.wait_for(gone.wait(), 2)
    gone.clear()
    async with client.ws_connect("/socket.io/"):
        pass
    await asyncio.wait_for(gone.wait(), 2)


async def test_says_clearly_when_rasa_is_down(client: TestClient) -> None:
    answer = await client.get("/socket.io/?EIO=4&transport=polling")
    assert answer.status == 502 and (await answer.json())["error"] == "bot_down"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect("/socket.io/?EIO=4&transport=websocket")
    assert refused.value.status == 502
