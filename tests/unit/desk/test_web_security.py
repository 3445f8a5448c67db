"""Every page and interface of the web server: headers, cookies, and errors that tell nothing of the inside."""

import asyncio
import re
from typing import Any

import pytest
from aiohttp import ClientTimeout
from aiohttp.test_utils import TestClient, TestServer

from bot.bodies import read_within
from bot.desk import demo
from bot.desk.server import Site
from bot.launch.web_server import create_site

PATIENCE = ClientTimeout(total=60)
INSIDE = re.compile(r"Traceback|File \"|\.py\b|RuntimeError|sqlite|13812345678", re.IGNORECASE)
PARTS = re.compile(r"\{(\w+)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")


@pytest.fixture
async def whole(site: Site, monkeypatch: pytest.MonkeyPatch) -> Any:
    async with TestClient(TestServer(create_site(site.settings))) as client:
        yield client


def _paths(client: TestClient) -> list[tuple[str, str]]:
    found = []
    for route in client.app.router.routes():  # type: ignore[union-attr]
        path = route.resource.canonical if route.resource else ""
        path = path.replace("{page}", "desk")
        found.append(("GET" if route.method in ("*", "HEAD") else route.method, PARTS.sub("x" * 20, path)))
    return sorted(set(found))


async def test_every_answer_has_its_headers_and_tells_nothing(whole: TestClient) -> None:
    paths = _paths(whole)
    assert len(paths) > 60 and ("GET", "/api/desk/conversations") in paths
    for method, path in paths:
        for proto in ("http", "https"):
            sent = {"X-Forwarded-Proto": proto, "Origin": str(whole.make_url("")).rstrip("/")}
            where = f"{method} {path}"
            try:
                answer = await whole.request(method, path, headers=sent, allow_redirects=False, timeout=PATIENCE)
            except asyncio.TimeoutError:
                pytest.fail(f"no answer: {where}")
            headers = answer.headers
            policy = headers["Content-Security-Policy"]
            scripts = re.search(r"script-src ([^;]*)", policy)
            assert "'unsafe-inline'" not in (scripts[1] if scripts else "") and "default-src" in policy, where
            assert "unsafe-eval" not in policy, where
            assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"], where
            assert ("Strict-Transport-Security" in headers) == (proto == "https"), where
            assert "Server" not in headers, where
            if path == "/" and answer.status == 200:  # the pages are built; else see test_server
                assert "frame-ancestors 'self'" in policy
            else:
                assert "frame-ancestors 'none'" in policy or "sandbox" in policy, where
            assert answer.status != 500 or path == "/demo", where  # there is no shop in this test
            body = await read_within(answer, 10_000_000)  # an unread one would stop the next answer
            assert body is not None
            if "json" in headers.get("Content-Type", "") or answer.status >= 400:
                assert not INSIDE.search(body.decode()), where


async def test_what_fails_inside_stays_inside(
    whole: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any) -> str:
        raise RuntimeError("13812345678 in /srv/dianxiaoer/secret.py")

    monkeypatch.setattr(demo, "page", fails)
    answer = await whole.get("/demo")
    assert answer.status == 500 and (await answer.json()) == {"error": "broken", "message": "服务出错了，请稍后再试"}
    assert "RuntimeError" in caplog.text
    monkeypatch.setattr("bot.desk.sessions.sign_in", fails)
    origin = {"Origin": str(whole.make_url("")).rstrip("/")}
    answer = await whole.post("/api/desk/session", json={"name": "a", "password": "b"}, headers=origin)
    assert answer.status == 500 and not INSIDE.search(await answer.text())
    assert answer.headers["X-Frame-Options"] == "DENY"


async def test_a_body_that_is_too_large_is_refused_in_words(whole: TestClient) -> None:
    origin = {"Origin": str(whole.make_url("")).rstrip("/"), "Content-Type": "application/json"}
    answer = await whole.post("/api/desk/session", data=b" " * 2_000_000, headers=origin)
    assert answer.status == 413 and (await answer.json())["message"] == "内容太大"
    answer = await whole.post("/webhooks/wechat/webhook", data=b" " * 2_000_000)
    assert answer.status == 413


@pytest.mark.parametrize(("proto", "secure"), [("http", False), ("https", True)])
async def test_the_cookie_of_staff(desk: Any, proto: str, secure: bool) -> None:
    person = await desk.person("anna")
    origin = {"Origin": str(desk.client.make_url("")).rstrip("/"), "X-Forwarded-Proto": proto}
    body = {"name": "anna", "password": person.password}
    answer = await desk.client.post("/api/desk/session", json=body, headers=origin)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and ("Secure" in cookie) == secure
