"""The loop's API on the real web server: who may, what comes, and mistakes in Chinese."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from loop_kit import World
from test_learning_draw import pairs

from bot.clock import freeze
from bot.learning.api import Handler, add_routes
from bot.learning.drawing import draw
from tests.unit.shop.small_shop import beijing


@pytest.fixture
async def client(world: World) -> AsyncIterator[TestClient]:
    """The routes, for a caller who says the name in a header."""
    world.customers_write(0, beijing("2026-06-01 00:00"), {})
    with freeze(beijing("2026-06-08 09:00")):
        draw(world.project, pairs)
        app = web.Application()

        def allow(_method: str, _path: str, _role: str, handler: Handler) -> Any:
            async def call(request: web.Request) -> web.StreamResponse:
                return await handler(request, request.headers.get("X-Name", "anna"))

            return call

        add_routes(app, world.project, allow)
        client = TestClient(TestServer(app))
        await client.start_server()
        yield client
        await client.close()


async def test_from_waiting_to_approved(client: TestClient) -> None:
    drawn = (await (await client.get("/api/learning/drawn")).json())["drawn"]
    first = drawn[0]
    assert first["suggestions"] and len(drawn) == 50
    answer = await client.post(
        f"/api/learning/drawn/{first['id']}/label", json={"intent": "ask_stock", "emotion": "calm"}
    )
    assert answer.status == 200
    taken = await client.post(f"/api/learning/drawn/{first['id']}/take-back")
    assert taken.status == 200
    assert (await client.post(f"/api/learning/drawn/{first['id']}/take-back")).status == 400
    await client.post(f"/api/learning/drawn/{first['id']}/label", json={"intent": "ask_stock", "emotion": "calm"})
    own = await client.post("/api/learning/review", json={"ids": [first["id"]], "approve": True})
    assert own.status == 400 and "别人审核" in (await own.json())["message"]
    bob = {"X-Name": "bob"}
    done = await client.post("/api/learning/review", json={"ids": [first["id"]], "approve": True}, headers=bob)
    assert (await done.json())["count"] == 1
    standing = await (await client.get("/api/learning/standing")).json()
    assert standing["counts"].get("approved", 0) + standing["counts"].get("kept", 0) == 1
    assert (standing["me"] == "anna" and "标注" in standing["told"]) or standing["step"] == "train"


@pytest.mark.parametrize("query", ["status=secret", "page=x", "page=0"])
async def test_wrong_questions_are_told(client: TestClient, query: str) -> None:
    answer = await client.get(f"/api/learning/drawn?{query}")
    assert answer.status == 400 and "刷新" in (await answer.json())["message"]


async def test_wrong_changes_are_told(client: TestClient) -> None:
    assert (await client.post("/api/learning/drawn/1/label", json={"emotion": "calm"})).status == 400
    assert (await client.post("/api/learning/drawn/1/label", data=b"{")).status == 400
    missing = await client.post("/api/learning/drawn/99999/skip")
    assert missing.status == 404 and (await missing.json())["message"] == "没有这句话"
    notes = await client.get("/api/learning/notes?month=2026-06")
    assert "没有新模型" in (await notes.json())["text"]
