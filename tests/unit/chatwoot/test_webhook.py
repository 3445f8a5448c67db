"""The webhook: genuine or not, ours or not; and the settings."""

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from conftest import endpoint
from pydantic import ValidationError

from bot.chatwoot import add_chatwoot, looking
from bot.chatwoot.tables import Link
from bot.chatwoot_settings import DeskEndpoint
from bot.conversations import Store, bus_of
from bot.db import engine_for
from bot.settings import Settings

EVENT = {"event": "message_created", "account": {"id": 7}, "conversation": {"id": 55, "inbox_id": 3}}


def signed(body: bytes, secret: str = "s3cret", at: float | None = None) -> dict[str, str]:
    moment = str(int(at if at is not None else time.time()))
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Chatwoot-Timestamp": moment, "X-Chatwoot-Signature": f"sha256={digest}"}


@pytest.mark.parametrize("by_token", [False, True])
async def test_only_genuine_ones_are_heard(tmp_path: Path, by_token: bool) -> None:
    where = endpoint("http://127.0.0.1:9", **({"webhook_secret": "", "webhook_token": "t" * 20} if by_token else {}))
    settings = Settings(var=tmp_path, desk=where)
    app = web.Application()
    add_chatwoot(app, settings)
    store = Store(settings.chat_url, bus_of(settings))
    async with TestClient(TestServer(app)) as client:
        with store.changing() as change:
            change.session.add(Link(conversation_id="a", remote_id=55, seen_id=0, sent_id=0, failures=0, theirs=False))

        async def post(body: Any, headers: dict[str, str], path: str = "") -> int:
            return (await client.post("/webhooks/chatwoot" + path, data=body, headers=headers)).status

        body = json.dumps(EVENT).encode()
        good = {} if by_token else signed(body)
        path = "/" + "t" * 20 if by_token else ""
        assert await post(body, signed(body, "other"), "/x") == 401
        assert await post(body, signed(body, at=time.time() - 301) if not by_token else {}) == 401
        assert await post(b"no json", {} if by_token else signed(b"no json"), path) == 400
        assert looking.next_look(store) is None
        foreign = json.dumps(EVENT | {"account": {"id": 8}}).encode()
        assert await post(foreign, {} if by_token else signed(foreign), path) == 200
        assert looking.next_look(store) is None
        assert await post(body, good, path) == 200
        assert await post(body, good, path) == 200
    engine_for(settings.chat_url).dispose()


@pytest.mark.parametrize("wrong", [{"url": "ftp://x"}, {"token": ""}, {"webhook_secret": ""}, {"more": 1}])
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DeskEndpoint(**(endpoint("http://x").dict() | wrong))


def test_the_own_desk_needs_nothing() -> None:
    assert DeskEndpoint().type == "own"
