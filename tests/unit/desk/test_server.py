"""The web server's pages, files and headers."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.conversations import Bus, Store, conversation_of, new_token, open_conversation
from bot.db import engine_for, upgrade
from bot.desk.server import Site, create_app
from bot.settings import Operations


async def test_serves_page_script_assets_and_pictures(client: TestClient) -> None:
    for path, kind, cache in [
        ("/", "text/html", "no-cache"),
        ("/?sku=S1", "text/html", "no-cache"),
        ("/embed.js", "javascript", "max-age=300"),
        ("/assets/chat-abc.js", "javascript", "immutable"),
        ("/images/phone.svg", "image/svg+xml", "max-age=3600"),
    ]:
        answer = await client.get(path)
        assert answer.status == 200, path
        assert kind in answer.headers["Content-Type"] and cache in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/images/../secret.txt", "/images/%2e%2e%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/images/none.svg", "/x"],
)
async def test_nothing_outside_is_served(client: TestClient, path: str) -> None:
    from yarl import URL

    answer = await client.get(URL(path, encoded=True))
    assert answer.status == 404
    assert "secret" not in await answer.text() and "Content-Security-Policy" in answer.headers


async def test_only_the_chat_page_may_be_framed_and_only_where_configured(client: TestClient) -> None:
    chat = (await client.get("/")).headers
    assert chat["Content-Security-Policy"].endswith("frame-ancestors 'self' https://shop.example.com")
    assert "X-Frame-Options" not in chat
    for path in ("/api/config", "/embed.js", "/health"):
        headers = (await client.get(path)).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["X-Frame-Options"] == "DENY"
    assert "sandbox" in (await client.get("/images/phone.svg")).headers["Content-Security-Policy"]


@pytest.mark.parametrize("origin", ["shop.example.com", "https://a.cn/path", "https://a.cn; script-src *", "*"])
def test_a_wrong_embedding_site_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="不是网站地址"):
        Operations(web={"embed_on": [origin]})


async def test_other_sites_may_load_the_embed_script(client: TestClient) -> None:
    assert (await client.get("/embed.js")).headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.fixture
def chat_session(site: Site) -> str:
    """The session of a customer's page with a conversation."""
    store, token = Store(site.settings.chat_url, Bus()), new_token()
    upgrade(store.url, "conversations")
    open_conversation(store, "webchat", "page", conversation_id=conversation_of(token))
    return token


async def test_a_customers_picture_is_kept_and_shown(client: TestClient, chat_session: str) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(200_000)
    answer = await client.post("/api/chat/images", data=picture, headers={"X-Chat-Session": chat_session})
    assert answer.status == 200
    kept = await answer.json()
    assert kept["src"] == f"/media/{kept['image']}"
    shown = await client.get(kept["src"])
    assert await shown.read() == picture and shown.headers["Content-Type"] == "image/png"


async def test_what_is_no_picture_of_a_known_page_is_refused(client: TestClient, chat_session: str) -> None:
    jpeg = b"\xff\xd8\xff"
    for session, body, status in [
        ("", jpeg, 404),
        (new_token(), jpeg, 404),
        (chat_session, b"<svg/>", 415),
        (chat_session, b"", 415),
        (chat_session, jpeg + bytes(5 * 2**20), 413),
    ]:
        answer = await client.post("/api/chat/images", data=body, headers={"X-Chat-Session": session})
        assert answer.status == status and (await answer.json())["message"]
    statuses = [
        (await client.post("/api/chat/images", data=jpeg, headers={"X-Chat-Session": chat_session})).status
        for _ in range(8)
    ]
    assert statuses[0] == 200 and statuses[-1] == 429


async def test_config_tells_the_page_what_a_manager_set(client: TestClient) -> None:
    config = {"shop_name": "小满商店", "message_max_length": 500, "image_max_mb": 5}
    assert await (await client.get("/api/config")).json() == config


async def test_health_is_ok_by_itself_and_tells_about_rasa(client: TestClient, rasa: Any) -> None:
    assert await (await client.get("/health")).json() == {"status": "ok", "rasa": "down"}
    await rasa(lambda _: None)
    assert await (await client.get("/health")).json() == {"status": "ok", "rasa": "ok"}


async def test_a_page_that_is_not_built_says_what_to_run(site: Site, tmp_path: Path) -> None:
    async with TestClient(TestServer(create_app(Site(site.settings, tmp_path / "none", tmp_path)))) as client:
        for path in ("/", "/embed.js"):
            answer = await client.get(path)
            assert answer.status == 503 and "npm run build" in await answer.text()


async def test_the_demo_shows_a_real_product_with_the_embed(site: Site, client: TestClient) -> None:
    from bot.shop import load_catalogue, upgrade_and_seed

    upgrade_and_seed(site.settings.shop_url, progress=lambda *_: None)
    variant = next(v for v in load_catalogue(site.settings.shop_url).variants.values() if v.product.name == "iPhone 14")
    page = await (await client.get("/demo", params={"sku": variant.sku})).text()
    assert f'<script src="/embed.js" data-sku="{variant.sku}" data-product="{variant.product.id}">' in page
    assert "iPhone 14" in page and "¥" in page
    assert (await client.get("/demo")).status == 200
    missing = await client.get("/demo", params={"sku": '"><script>'})
    assert missing.status == 404 and missing.content_type == "text/plain"
    engine_for(site.settings.shop_url).dispose()
