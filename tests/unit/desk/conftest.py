"""The web server over built pages of the test's own, with a server in Rasa's place that the test writes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.desk.server import Site, create_app
from bot.settings import Operations, Settings


@pytest.fixture
def site(tmp_path: Path, unused_port: int) -> Site:
    dist, images = tmp_path / "dist", tmp_path / "images"
    (dist / "assets").mkdir(parents=True)
    images.mkdir()
    (dist / "index.html").write_text("<!doctype html><title>聊天</title>", encoding="utf8")
    (dist / "embed.js").write_text("// embed", encoding="utf8")
    (dist / "assets" / "chat-abc.js").write_text("// page", encoding="utf8")
    (images / "phone.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf8")
    operations = Operations(web={"shop_name": "小满商店", "embed_on": ["https://shop.example.com"]})
    settings = Settings(var=tmp_path, rasa_port=unused_port, operations=operations)
    return Site(settings, dist, images)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def client(site: Site) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(create_app(site))) as client:
        yield client


@pytest.fixture
async def rasa(site: Site) -> AsyncIterator[Callable[[Any], Awaitable[None]]]:
    """Starts a server with the given handler at /socket.io/ where the site expects Rasa."""
    servers: list[TestServer] = []

    async def start(handler: Any) -> None:
        app = web.Application()
        app.router.add_route("*", "/socket.io/", handler)
        app.router.add_get("/", lambda _: web.Response(text="Hello from Rasa"))
        servers.append(TestServer(app, port=site.settings.rasa_port))
        await servers[0].start_server()

    yield start
    for server in servers:
        await server.close()
