"""The Rasa server and the action server: headers, and errors that tell nothing of the inside."""

import contextlib
import re
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import aiohttp
import pytest
import rasa.core.run
from sanic import Sanic
from sanic_serving import serving

from bot.launch import action_server, rasa_server
from bot.observing import logs
from bot.observing.metrics import REGISTRY
from bot.runtime import watched
from bot.runtime.executor import Needs
from bot.settings import Settings

INSIDE = re.compile(r"Traceback|File \"|\.py\b|Error\b(?!\")|13812345678|tracker'")


async def _check(http: aiohttp.ClientSession, address: str, status: int, **request: Any) -> dict[str, Any]:
    async with http.request(request.pop("method", "GET"), address, **request) as answer:
        text = await answer.text()
        assert answer.status == status and not INSIDE.search(text), text
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Referrer-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        found: dict[str, Any] = await answer.json(content_type=None)
        return found


def _failures(action: str) -> float:
    return REGISTRY.get_sample_value("dianxiaoer_action_failures_total", {"action": action}) or 0.0


@pytest.mark.filterwarnings("ignore")
async def test_rasas_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    settings = Settings(var=tmp_path)
    make = getattr(rasa.core.run.configure_app, "__wrapped__", rasa.core.run.configure_app)
    monkeypatch.setattr(Sanic, "_app_registry", {})
    app = watched._configured(make, settings)(enable_api=True, auth_token="-token")

    async def boom(_: Any) -> None:
        raise RuntimeError("13812345678")

    app.add_route(boom, "/boom")
    async with serving(app=app) as address, aiohttp.ClientSession() as http:
        await _check(http, f"{address}/healthz", 200)
        ready = await _check(http, f"{address}/readyz", 503)
        assert ready["missing"] == ["model", "chat_store"]
        assert (await _check(http, f"{address}/boom", 500))["message"] == "服务出错了，请稍后再试"
        await _check(http, f"{address}/no/such/page", 404)
        async with http.get(f"{address}/conversations/x/tracker") as answer:
            assert answer.status in (401, 409)  # without the token, or without a model


@pytest.mark.filterwarnings("ignore")
async def test_rasas_server_that_runs_the_actions_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    monkeypatch.setattr(Needs, "load", AsyncMock())
    make = getattr(rasa.core.run.configure_app, "__wrapped__", rasa.core.run.configure_app)
    monkeypatch.setattr(Sanic, "_app_registry", {})
    app = watched._configured(make, Settings(var=tmp_path, actions_module="actions"))()
    async with serving(app=app) as address, aiohttp.ClientSession() as http:
        ready = await _check(http, f"{address}/readyz", 503)
        assert ready["missing"] == ["shop_store", "chat_store", "knowledge_store", "encoder", "model"]


async def test_the_action_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_server, "get_settings", lambda: Settings(var=tmp_path))
    monkeypatch.setattr(Needs, "_load", lambda needs: needs._encoder.done())
    monkeypatch.setattr(Sanic, "_app_registry", {})
    app = action_server.app()
    before = _failures("unknown")
    async with serving(app=app) as address, aiohttp.ClientSession() as http:
        webhook = f"{address}/webhook"
        broken = {"next_action": "action_ask_back", "sender_id": "c1", "version": "3.6.2", "phone": "13812345678"}
        assert (await _check(http, webhook, 500, method="POST", json=broken))["error"] == "broken"
        label = {"action": "action_ask_back"}
        assert REGISTRY.get_sample_value("dianxiaoer_action_failures_total", label) == 1
        assert REGISTRY.get_sample_value("dianxiaoer_action_seconds_count", label) == 1
        await _check(http, webhook, 400, method="POST", data=b"{no json")
        unknown = {**broken, "next_action": "action_13800000000"}
        await _check(http, webhook, 404, method="POST", json=unknown)
        assert _failures("unknown") == before + 1
        with contextlib.suppress(aiohttp.ClientError, OSError):  # it hangs up while the rest is still being sent
            await _check(http, webhook, 413, method="POST", data=b"x" * (9 * 1024 * 1024))
        assert (await _check(http, f"{address}/readyz", 503))["missing"] == [
            "shop_store",
            "chat_store",
            "knowledge_store",
        ]


def test_rasas_command_line_takes_every_token() -> None:
    from rasa.__main__ import create_argument_parser

    words = rasa_server.arguments(["--port", "1"], "-starts-with-a-dash")
    assert create_argument_parser().parse_args(words[1:]).auth_token == "-starts-with-a-dash"
