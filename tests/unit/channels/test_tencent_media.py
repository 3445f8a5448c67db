"""Files of WeChat and WeCom: a refusal that comes with status 200 is no file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.api import ApiError, TooLarge
from bot.channels.wecom.client import WeComApi
from bot.db import upgrade


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[WeComApi]:
    async def token(_: web.Request) -> web.Response:
        return web.json_response({"errcode": 0, "access_token": "t", "expires_in": 7200})

    async def media(request: web.Request) -> web.Response:
        assert request.query["access_token"] == "t"
        files = {
            "photo": web.Response(body=b"\x89PNG", content_type="image/png"),
            "gone": web.json_response({"errcode": 40007, "errmsg": "invalid media_id"}),
            "odd": web.Response(text="busy"),
            "large": web.Response(body=b"x" * 2000, content_type="image/png"),
        }
        return files[request.query["media_id"]]

    app = web.Application()
    app.add_routes([web.get("/cgi-bin/gettoken", token), web.get("/cgi-bin/media/get", media)])
    server = TestServer(app)
    await server.start_server()
    url = f"sqlite:///{tmp_path}/chat.db"
    upgrade(url, "channels")
    client = WeComApi(str(server.make_url("")), "corp", "secret", url, "app")
    yield client
    await client.close()
    await server.close()


async def test_a_file_comes_with_its_kind(api: WeComApi) -> None:
    assert await api.media.fetch("photo", 1000) == (b"\x89PNG", "image/png")


@pytest.mark.parametrize("media_id", ["gone", "odd"])
async def test_a_refusal_is_no_file(api: WeComApi, media_id: str) -> None:
    with pytest.raises(ApiError):
        await api.media.fetch(media_id, 1000)


async def test_a_file_that_is_too_large_is_not_read(api: WeComApi) -> None:
    with pytest.raises(TooLarge):
        await api.media.fetch("large", 1000)
