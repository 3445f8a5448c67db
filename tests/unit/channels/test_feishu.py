"""Feishu against a fake platform that encrypts, signs and counts as the documentation says, with code of its own."""

import asyncio
import base64
import hashlib
import json
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage
from serving import Platform, Running, until

from bot.channels.checks import Refused
from bot.channels.feishu import Feishu
from bot.channels.feishu.channel import FeishuOptions
from bot.channels.feishu.protocol import decrypt, open_body, read, signature
from bot.channels.feishu.render import messages_of
from bot.channels.options import read_options
from bot.channels.outgoing import from_content
from bot.settings import SettingsError

APP, KEY, VERIFY, USER = "cli_a1", "an encrypt key", "verify-me", "ou_customer"


def test_the_example_of_feishus_documentation() -> None:
    assert decrypt("test key", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=") == b"hello world"


class FakeFeishu(Platform):
    def __init__(self) -> None:
        super().__init__()
        self.app.router.add_post("/open-apis/auth/v3/tenant_access_token/internal", self._token)
        self.app.router.add_post("/open-apis/im/v1/messages", self._send)
        self.app.router.add_get("/open-apis/im/v1/messages/{id}/resources/{key}", self._resource)
        self.token, self.tokens = "", 0
        self.sent: list[dict[str, Any]] = []
        self.uuids: set[str] = set()
        self.errors: list[int] = []
        self.drop_answers = 0

    async def _token(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["app_id"], body["app_secret"]) != (APP, "s3cret"):
            return web.json_response({"code": 10014, "msg": "app secret invalid"})
        self.tokens += 1
        self.token = f"t-{self.tokens}"
        return web.json_response({"code": 0, "tenant_access_token": self.token, "expire": 7200})

    async def _send(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"code": 99991663, "msg": "Invalid access token"}, status=400)
        if self.errors:
            return web.json_response({"code": self.errors.pop(0), "msg": "x"}, status=400)
        body = await request.json()
        assert isinstance(body["content"], str) and len(body["uuid"]) <= 50
        if body["uuid"] not in self.uuids:
            self.uuids.add(body["uuid"])
            self.sent.append({**body, "content": json.loads(body["content"]), "to": request.query["receive_id_type"]})
        if self.drop_answers:
            self.drop_answers -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response({"code": 0, "data": {"message_id": f"om_{len(self.sent)}"}})

    async def _resource(self, request: web.Request) -> web.Response:
        assert request.match_info["key"] == "img_v3_1" and request.query["type"] == "image"
        return self.file()

    def make(self, **given: Any) -> Feishu:
        credentials = {"app_id": APP, "secret": "s3cret", "encrypt_key": KEY, "verification_token": VERIFY}
        return Feishu(read_options(FeishuOptions, "x", {**credentials, "api": self.base}), **given)

    @staticmethod
    def encrypt(event: Any) -> bytes:
        padder = padding.PKCS7(128).padder()
        plain = padder.update(json.dumps(event).encode()) + padder.finalize()
        vector = os.urandom(16)
        encryptor = Cipher(algorithms.AES(hashlib.sha256(KEY.encode()).digest()), modes.CBC(vector)).encryptor()
        return json.dumps({"encrypt": base64.b64encode(vector + encryptor.update(plain)).decode()}).encode()

    async def post(self, server: Running, body: bytes, **changed: str) -> tuple[int, Any]:
        timestamp, nonce = changed.get("timestamp", str(int(time.time()))), "n0nce"
        signed = hashlib.sha256((timestamp + nonce + KEY).encode() + body).hexdigest()
        headers = {
            "X-Lark-Request-Timestamp": timestamp,
            "X-Lark-Request-Nonce": nonce,
            "X-Lark-Signature": changed.get("signature", signed),
        }
        async with self.http.post(f"{server.address}/webhook", data=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    def event(self, kind: str, content: dict[str, Any], **header: str) -> dict[str, Any]:
        head = {"event_id": uuid.uuid4().hex, "event_type": kind, "app_id": APP, "token": VERIFY, "create_time": "1"}
        return {"schema": "2.0", "header": {**head, **header}, "event": content}

    def message(self, content: Any, kind: str = "text", *, group: bool = False, **header: str) -> dict[str, Any]:
        message = {
            "message_id": "om_in",
            "chat_id": "oc_1",
            "chat_type": "group" if group else "p2p",
            "message_type": kind,
            "content": json.dumps({"text": content} if isinstance(content, str) else content),
        }
        sender = {"sender_id": {"open_id": USER}, "sender_type": "user"}
        return self.event("im.message.receive_v1", {"sender": sender, "message": message}, **header)

    async def say(self, server: Running, content: Any, kind: str = "text", **more: Any) -> tuple[int, Any]:
        return await self.post(server, self.encrypt(self.message(content, kind, **more)))


@pytest.fixture(params=["sqlite", "postgresql"])
def chat_url(request: pytest.FixtureRequest) -> str:
    """Every conversation with the platform is held on each kind of database."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def feishu() -> AsyncIterator[FakeFeishu]:
    made = FakeFeishu()
    await made.start()
    yield made
    await made.stop()


async def offer(asked: UserMessage) -> None:
    if asked.text.startswith("/"):
        await asked.output_channel.send_response(asked.sender_id, {"text": f"收到{asked.text}"})
        return
    buttons = [{"title": "是的", "payload": "/affirm"}, {"title": "不用了", "payload": "/deny"}]
    await asked.output_channel.send_response(asked.sender_id, {"text": "*下单*吗？", "buttons": buttons})


async def test_the_challenge(feishu: FakeFeishu, running: Callable[..., Any]) -> None:
    server = await running(feishu.make)
    challenge = {"type": "url_verification", "challenge": "ch-1", "token": VERIFY}
    began = time.monotonic()
    assert await feishu.post(server, feishu.encrypt(challenge)) == (200, {"challenge": "ch-1"})
    assert time.monotonic() - began < 1
    status, _ = await feishu.post(server, feishu.encrypt({**challenge, "token": "guess"}))
    assert status == 403
    status, _ = await feishu.post(server, json.dumps(challenge).encode())
    assert status == 403


async def test_a_conversation_by_cards(feishu: FakeFeishu, running: Callable[..., Any]) -> None:
    server = await running(feishu.make, offer)
    assert await feishu.say(server, "买") == (200, {})
    await until(lambda: feishu.sent)
    first = feishu.sent[0]
    assert (first["to"], first["receive_id"], first["msg_type"]) == ("open_id", USER, "interactive")
    text, actions = first["content"]["elements"]
    assert text["content"] == "&#42;下单&#42;吗？"  # the shop's words are no markup
    pressed = {
        "operator": {"open_id": USER},
        "action": {"tag": "button", "value": actions["actions"][1]["value"]},
        "context": {"open_message_id": "om_1", "open_chat_id": "oc_1"},
    }
    body = feishu.encrypt(feishu.event("card.action.trigger", pressed))
    for _ in range(3):
        assert await feishu.post(server, body) == (200, {"toast": {"type": "info", "content": "不用了"}})
    await until(lambda: len(feishu.sent) == 2)
    assert server.heard == ["买", "/deny"]
    forged = {**pressed, "action": {"tag": "button", "value": {"payload": "/inform{}"}}}
    assert (await feishu.post(server, feishu.encrypt(feishu.event("card.action.trigger", forged))))[0] == 200
    await asyncio.sleep(0.2)
    assert server.heard == ["买", "/deny"]


async def test_repeated_events_are_known_for_long(feishu: FakeFeishu, running: Callable[..., Any]) -> None:
    one, two = await running(feishu.make), await running(feishu.make)
    event = feishu.message("在吗", event_id="E1")
    bodies = [feishu.encrypt(event) for _ in range(3)]  # each delivery is encrypted and signed anew
    for server, body in zip((one, two, one), bodies, strict=True):
        assert (await feishu.post(server, body))[0] == 200
    await until(lambda: feishu.sent)
    await asyncio.sleep(0.3)
    assert len(feishu.sent) == len(one.heard) + len(two.heard) == 1


async def test_groups_pictures_and_other_kinds(feishu: FakeFeishu, running: Callable[..., Any]) -> None:
    server = await running(feishu.make)
    await feishu.say(server, "@_user_1 有货吗", group=True)
    await until(lambda: feishu.sent)
    assert (feishu.sent[0]["to"], feishu.sent[0]["receive_id"]) == ("chat_id", "oc_1")
    assert server.heard == ["有货吗"]
    await feishu.say(server, {"image_key": "img_v3_1"}, "image")
    await feishu.say(server, {"file_key": "file_1", "duration": 2000}, "audio")
    post = {"title": "", "content": [[{"tag": "text", "text": "屏幕"}, {"tag": "a", "text": "碎了"}], [{"tag": "img"}]]}
    await feishu.say(server, post, "post")
    await until(lambda: len(server.heard) == 4)
    assert server.heard[1:] == ["/sent_image", "/sent_voice", "屏幕碎了"]
    image = server.asked[1].metadata["photos"][0]
    await until(lambda: server.connector.media.read(image.removeprefix("/media/")))
    robot = feishu.message("我也是机器人")
    robot["event"]["sender"]["sender_type"] = "app"
    assert (await feishu.post(server, feishu.encrypt(robot)))[0] == 200
    await asyncio.sleep(0.2)
    assert len(server.heard) == 4


async def test_forged_late_damaged_and_foreign(feishu: FakeFeishu, running: Callable[..., Any]) -> None:
    server = await running(feishu.make)
    body = feishu.encrypt(feishu.message("x"))
    assert (await feishu.post(server, body, signature="0" * 64))[0] == 403
    assert (await feishu.post(server, body, signature=""))[0] == 403
    assert (await feishu.post(server, body, timestamp="1409735669"))[0] == 403
    assert (await feishu.post(server, body[:-30] + b'"}'))[0] == 400
    assert (await feishu.post(server, b'{"encrypt": 1}'))[0] == 403
    assert (await feishu.post(server, b"["))[0] == 400
    assert (await feishu.post(server, b"x" * 200_000))[0] == 413
    assert (await feishu.post(server, feishu.encrypt(feishu.message("x", app_id="cli_other"))))[0] == 403
    assert (await feishu.post(server, feishu.encrypt(feishu.message("x", token="guess"))))[0] == 403
    assert (await feishu.post(server, feishu.encrypt(feishu.event("im.chat.updated_v1", {}))))[0] == 200
    assert server.heard == []


async def test_a_lost_answer_does_not_send_twice(feishu: FakeFeishu, running: Callable[..., Any]) -> None:
    server = await running(feishu.make)
    feishu.drop_answers = 1
    await feishu.say(server, "一")
    await feishu.say(server, "二")
    await until(lambda: len(feishu.sent) == 2, 8)
    assert [m["content"]["text"] for m in feishu.sent] == ["回：一", "回：二"]


async def test_errors_and_tokens(feishu: FakeFeishu, running: Callable[..., Any]) -> None:
    server = await running(feishu.make)
    feishu.errors = [99991400]
    await feishu.say(server, "一")
    await until(lambda: len(feishu.sent) == 1)
    feishu.token = "other"
    await feishu.say(server, "二")
    await until(lambda: len(feishu.sent) == 2)
    assert feishu.tokens == 2
    feishu.errors = [230013]  # the robot may not write to this person: no use to try again
    await feishu.say(server, "三")
    await feishu.say(server, "四")
    await until(lambda: len(feishu.sent) == 3)
    assert feishu.sent[2]["content"]["text"] == "回：四"


def test_cards_show_tables_and_links() -> None:
    made = from_content(
        {
            "text": "比一比",
            "custom": {
                "rows": [["", "甲", "乙"], ["价格", "1", "2"]],
                "cards": [{"title": "甲", "url": "https://s.example.com/1)", "payload": "/p"}],
            },
        }
    )
    assert made is not None
    ((kind, card),) = messages_of(made, "oc_1")
    assert kind == "interactive"
    assert [e["tag"] for e in card["elements"]] == ["markdown", "column_set", "column_set", "markdown", "action"]
    assert "%29" in card["elements"][3]["content"]
    assert card["elements"][4]["actions"][0]["value"] == {"payload": "/p", "chat": "oc_1"}


def test_an_encrypt_key_is_required() -> None:
    with pytest.raises(SettingsError, match="encrypt_key"):
        read_options(FeishuOptions, "x", {"app_id": APP, "secret": "s", "verification_token": "v"})


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
CONTENT = st.dictionaries(
    st.sampled_from(["sender", "message", "operator", "action", "context"]),
    ANY
    | st.fixed_dictionaries({"sender_id": st.just({"open_id": "ou"}), "sender_type": st.just("user")})
    | st.fixed_dictionaries(
        {
            "message_type": st.sampled_from(["text", "post", "image", "location", "x"]),
            "content": st.text(max_size=9) | ANY,
        }
    )
    | st.fixed_dictionaries({"open_id": st.just("ou"), "value": ANY}),
)


@fuzzed
@given(st.sampled_from(["im.message.receive_v1", "card.action.trigger", "x"]), CONTENT)
def test_any_event_is_read_or_refused(kind: str, content: dict[str, Any]) -> None:
    header = {"event_id": "1", "event_type": kind, "app_id": APP}
    try:
        found = read(APP, {"header": header, "event": content})
    except Refused:
        return
    assert found is None or found.customer


@fuzzed
@given(
    st.binary(max_size=120)
    | st.binary(max_size=90).map(lambda b: json.dumps({"encrypt": base64.b64encode(b).decode()}).encode())
)
def test_any_body_is_refused(body: bytes) -> None:
    headers = {"X-Lark-Request-Timestamp": "1", "X-Lark-Signature": signature(KEY, "1", "", body)}
    with pytest.raises(Refused):
        open_body(KEY, VERIFY, headers, body, 3600)
