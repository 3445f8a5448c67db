"""The platforms' callbacks and the customers' files under the web server's address."""

import pytest
from aiohttp.test_utils import TestClient

from bot.desk import server


async def test_callbacks_of_platforms_are_for_rasa_and_nothing_else_is(client: TestClient) -> None:
    for channel in server.PLATFORMS:  # 502: handed on, and in this test nobody is there
        assert (await client.post(f"/webhooks/{channel}/webhook?signature=a%2Bb", data="<xml/>")).status == 502
    for path in ("/webhooks/rest/webhook", "/webhooks/wechat/", "/webhooks/wechat/webhook/x", "/model/parse"):
        assert (await client.post(path, data="{}")).status == 404


@pytest.mark.parametrize(
    ("content", "kind", "saved"),
    [
        (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg", False),
        (b"\x89PNG\r\n\x1a\n", "image/png", False),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", False),
        (b"<script>alert(1)</script>", "application/octet-stream", True),
        (b"<svg onload='alert(1)'/>", "application/octet-stream", True),
    ],
)
async def test_customers_files(client: TestClient, content: bytes, kind: str, saved: bool) -> None:
    folder = client.app[server._SITE].settings.var / "media"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "AbCdEfGhIjKlMnOp").write_bytes(content)
    answer = await client.get("/media/AbCdEfGhIjKlMnOp")
    assert (answer.status, answer.content_type) == (200, kind)
    assert ("Content-Disposition" in answer.headers) is saved
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await client.get("/media/AbCdEfGhIjKlMnOq")).status == 404
    assert (await client.get("/media/..%2f..%2fshop.db")).status == 404
