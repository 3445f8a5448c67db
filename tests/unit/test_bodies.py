"""A body that is too large costs one answer, not the connection that the next one comes over."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.test_utils import TestServer

from bot.bodies import read_within

PATIENCE = ClientTimeout(total=5)


async def _large(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * int(request.query["size"]))


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65536)
        await asyncio.sleep(0)


@pytest.fixture
async def server() -> Any:
    app = web.Application()
    app.router.add_get("/large", _large)
    app.router.add_get("/endless", _endless)
    async with TestServer(app) as server:
        yield server


@pytest.mark.parametrize("size", [0, 1, 100, 101, 5_000, 140_000, 200_000, 1_000_000])
async def test_the_next_answer_comes(server: TestServer, size: int) -> None:
    async with ClientSession() as session:
        for _ in range(3):
            async with session.get(server.make_url(f"/large?size={size}"), timeout=PATIENCE) as answer:
                await asyncio.sleep(0.05)  # so that all of it has arrived
                assert await read_within(answer, 100) == (b"x" * size if size <= 100 else None)


async def test_what_never_ends_is_not_waited_for(server: TestServer) -> None:
    async with ClientSession() as session:
        for _ in range(3):
            async with session.get(server.make_url("/endless"), timeout=PATIENCE) as answer:
                assert await read_within(answer, 300_000) is None
