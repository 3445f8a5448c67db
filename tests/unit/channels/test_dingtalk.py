"""DingTalk against a fake platform that signs and checks from its side, with code of its own."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage
from serving import PNG, Platform, Running, until
from wechatpy.crypto import PrpCrypto
from wechatpy.utils import WeChatSigner

from bot.channels.checks import Refused
from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk.channel import DingTalkOptions
from bot.channels.dingtalk.protocol import read, verify
from bot.channels.dingtalk.render import messages_of
from bot.channels.options import read_options
from bot.channels.outgoing import from_content
from bot.settings import SettingsError

APP, SECRET, TOKEN, KEY = "dingapp", "s3cret", "t0ken", "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"


class FakeDingTalk(Platform):
    def __init__(self) -> None:
        super().__init__()
        router = self.app.router
        router.add_post("/v1.0/oauth2/accessToken", self._token)
        router.add_post("/robot/sendBySession", self._session)
        router.add_post("/v1.0/robot/oToMessages/batchSend", self._robot)
        router.add_post("/v1.0/robot/groupMessages/send", self._robot)
        router.add_post("/v1.0/robot/messageFiles/download", self._download)
        router.add_get("/file", self._file)
        self.token, self.tokens = "", 0
        self.by_session: list[dict[str, Any]] = []
        self.by_robot: list[dict[str, Any]] = []
        self.session_error = 0
        self.statuses: list[int] = []

    async def _token(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert (body["appKey"], body["appSecret"]) == (APP, SECRET)
        self.tokens += 1
        self.token = f"T{self.tokens}"
        return web.json_response({"accessToken": self.token, "expireIn": 7200})

    async def _session(self, request: web.Request) -> web.Response:
        if self.session_error:
            return web.json_response({"errcode": self.session_error, "errmsg": "session not exist"})
        assert request.query["session"] == "S1"
        self.by_session.append(await request.json())
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def _robot(self, request: web.Request) -> web.Response:
        if request.headers.get("x-acs-dingtalk-access-token") != self.token:
            return web.json_response({"code": "InvalidAuthentication", "message": "不合法的access_token"}, status=400)
        if self.statuses:
            return web.json_response({"code": "x"}, status=self.statuses.pop(0))
        body = await request.json()
        assert body["robotCode"] == APP and isinstance(body["msgParam"], str)
        self.by_robot.append({**body, "msgParam": json.loads(body["msgParam"])})
        return web.json_response({"processQueryKey": "k", "invalidStaffIdList": [], "flowControlledStaffIdList": []})

    async def _download(self, request: web.Request) -> web.Response:
        assert (await request.json())["downloadCode"] == "DC"
        return web.json_response({"downloadUrl": f"{self.base}/file"})

    async def _file(self, _: web.Request) -> web.Response:
        return self.file()

    def make(self, **options: Any) -> Callable[..., DingTalk]:
        credentials = {"app_key": APP, "secret": SECRET, "session_hosts": [self.base], "api": self.base, **options}
        return lambda **given: DingTalk(read_options(DingTalkOptions, "x", credentials), **given)

    def message(self, text: str = "", **more: Any) -> dict[str, Any]:
        return {
            "msgId": uuid.uuid4().hex,
            "msgtype": "text",
            "text": {"content": f" {text}"},
            "conversationType": "1",
            "conversationId": "cid1",
            "senderId": "$:LWCP",
            "senderStaffId": "staff1",
            "robotCode": APP,
            "createAt": int(time.time() * 1000),
            "sessionWebhook": f"{self.base}/robot/sendBySession?session=S1",
            "sessionWebhookExpiredTime": int((time.time() + 5400) * 1000),
            **more,
        }

    def headers(self, milliseconds: float | None = None) -> dict[str, str]:
        timestamp = str(int(milliseconds if milliseconds is not None else time.time() * 1000))
        mac = hmac.new(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        return {"timestamp": timestamp, "sign": base64.b64encode(mac).decode()}

    async def post(self, server: Running, body: bytes, headers: dict[str, str] | None = None) -> int:
        given_headers = self.headers() if headers is None else headers
        async with self.http.post(f"{server.address}/webhook", data=body, headers=given_headers) as answer:
            return answer.status

    async def say(self, server: Running, text: str = "", **more: Any) -> int:
        return await self.post(server, json.dumps(self.message(text, **more)).encode())


@pytest.fixture
async def dingtalk() -> AsyncIterator[FakeDingTalk]:
    made = FakeDingTalk()
    await made.start()
    yield made
    await made.stop()


async def offer(asked: UserMessage) -> None:
    if asked.text.startswith("/"):
        await asked.output_channel.send_response(asked.sender_id, {"text": f"收到{asked.text}"})
        return
    buttons = [{"title": "是的，下单", "payload": "/affirm"}, {"title": "不用了", "payload": "/deny"}]
    await asked.output_channel.send_response(asked.sender_id, {"text": "下单吗？", "buttons": buttons})


async def test_a_conversation_by_action_card(dingtalk: FakeDingTalk, running: Callable[..., Any]) -> None:
    server = await running(dingtalk.make(), offer)
    assert await dingtalk.say(server, "买") == 200
    await until(lambda: dingtalk.by_session)
    buttons = dingtalk.by_session[0]["actionCard"]["btns"]
    prefix, _, content = buttons[0]["actionURL"].partition("content=")
    assert prefix == "dtmd://dingtalkclient/sendMessage?"
    await dingtalk.say(server, unquote(content))  # what DingTalk's client sends when it is pressed
    await until(lambda: len(dingtalk.by_session) == 2)
    assert server.heard == ["买", "/affirm"]
    assert dingtalk.by_session[1]["text"]["content"] == "收到/affirm"


async def test_after_the_session_the_robots_api_sends(dingtalk: FakeDingTalk, running: Callable[..., Any]) -> None:
    server = await running(dingtalk.make(), offer)
    await dingtalk.say(server, "买", sessionWebhookExpiredTime=int((time.time() + 5) * 1000))
    await until(lambda: dingtalk.by_robot)
    assert dingtalk.by_robot[0]["userIds"] == ["staff1"] and dingtalk.by_robot[0]["msgKey"] == "sampleActionCard2"
    assert dingtalk.by_robot[0]["msgParam"]["actionTitle2"] == "不用了"
    dingtalk.session_error = 300001
    group = {"conversationType": "2", "conversationId": "cidGroup"}
    await dingtalk.say(server, "买", **group)
    await until(lambda: len(dingtalk.by_robot) == 2)
    assert dingtalk.by_robot[1]["openConversationId"] == "cidGroup"
    dingtalk.token = "OTHER"
    dingtalk.statuses = [503]
    await dingtalk.say(server, "买", **group)
    await until(lambda: len(dingtalk.by_robot) == 3)
    assert dingtalk.tokens == 2


async def test_repeated_and_replayed_requests(dingtalk: FakeDingTalk, running: Callable[..., Any]) -> None:
    server = await running(dingtalk.make())
    body, headers = json.dumps(dingtalk.message("在吗")).encode(), dingtalk.headers()
    answers = await asyncio.gather(*(dingtalk.post(server, body, headers) for _ in range(3)))
    assert answers == [200] * 3
    await until(lambda: dingtalk.by_session)
    await asyncio.sleep(0.3)
    assert len(dingtalk.by_session) == len(server.heard) == 1


async def test_the_clock_may_be_an_hour_off(dingtalk: FakeDingTalk, running: Callable[..., Any]) -> None:
    server = await running(dingtalk.make())
    body = json.dumps(dingtalk.message("x")).encode()
    now = time.time() * 1000
    for minutes, status in ((-59, 200), (59, 200), (-61, 403), (61, 403)):
        assert await dingtalk.post(server, body, dingtalk.headers(now + minutes * 60_000)) == status


async def test_forged_and_malformed(dingtalk: FakeDingTalk, running: Callable[..., Any]) -> None:
    server = await running(dingtalk.make())
    body = json.dumps(dingtalk.message("x")).encode()
    assert await dingtalk.post(server, body, {**dingtalk.headers(), "sign": "AAAA"}) == 403
    assert await dingtalk.post(server, body, {}) == 403
    for inner in (
        "http://169.254.169.254/x",
        "https://oapi.dingtalk.com.evil.example.com/x",
        f"{dingtalk.base.replace('127.0.0.1', 'user@127.0.0.1')}/x",
        "https://[x",
        "file:///etc/passwd",
    ):
        assert await dingtalk.say(server, "x", sessionWebhook=inner) == 403
    assert await dingtalk.say(server, "x", robotCode="other") == 403
    for malformed in (b"", b"[]", b"{}", b"{", b"[" * 60_000):
        assert await dingtalk.post(server, malformed) == 400
    assert await dingtalk.post(server, b"x" * 200_000) == 413
    assert server.heard == []


async def test_pictures_voice_and_rich_text(dingtalk: FakeDingTalk, running: Callable[..., Any]) -> None:
    server = await running(dingtalk.make())
    await dingtalk.say(server, msgtype="picture", content={"downloadCode": "DC"})
    await until(lambda: len(server.heard) == 1)
    await dingtalk.say(server, msgtype="audio", content={"downloadCode": "DC", "recognition": "发货了吗"})
    await until(lambda: len(server.heard) == 2)
    rich = {"richText": [{"text": "屏幕碎了"}, {"type": "picture", "downloadCode": "DC"}]}
    await dingtalk.say(server, msgtype="richText", content=rich)
    await until(lambda: len(server.heard) == 3)
    assert server.heard == ["/sent_image", "发货了吗", "屏幕碎了"]
    image = server.asked[0].metadata["photos"][0]
    await until(lambda: server.connector.media.read(image.removeprefix("/media/")) == PNG)


async def test_events_are_answered_encrypted(dingtalk: FakeDingTalk, running: Callable[..., Any]) -> None:
    server = await running(dingtalk.make(token=TOKEN, encoding_aes_key=KEY))
    crypto = PrpCrypto(base64.b64decode(KEY + "="))
    encrypted = crypto.encrypt('{"EventType": "check_url"}', APP).decode()

    def signed(timestamp: str, nonce: str, text: str) -> str:
        signer = WeChatSigner()
        signer.add_data(TOKEN, timestamp, nonce, text)
        return str(signer.signature)

    timestamp = str(int(time.time() * 1000))
    query = {"msg_signature": signed(timestamp, "n", encrypted), "timestamp": timestamp, "nonce": "n"}
    url, body = f"{server.address}/events", json.dumps({"encrypt": encrypted})
    async with dingtalk.http.post(url, params=query, data=body) as answer:
        reply = await answer.json()
    assert crypto.decrypt(reply["encrypt"], APP) == "success"
    assert reply["msg_signature"] == signed(reply["timeStamp"], reply["nonce"], reply["encrypt"])
    async with dingtalk.http.post(url, params={**query, "msg_signature": "0"}, data=body) as answer:
        assert answer.status == 403


def test_renderings() -> None:
    many = from_content(
        {"text": "哪款？", "quick_replies": [{"title": f"第{n}款", "payload": f"/p{n}"} for n in range(7)]}
    )
    assert many is not None
    assert messages_of(many)[0].session["text"]["content"].endswith("7. 第6款")
    picture = from_content(
        {"text": "看", "attachment": {"type": "image", "payload": {"src": "https://s.example.com/1.png"}}}
    )
    assert picture is not None
    assert messages_of(picture)[0].session["markdown"]["text"] == "看  \n![](https://s.example.com/1.png)"


def test_events_need_both_settings() -> None:
    with pytest.raises(SettingsError, match="encoding_aes_key"):
        read_options(DingTalkOptions, "x", {"app_key": "a", "secret": "s", "token": "t"})


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
BODY = st.dictionaries(
    st.sampled_from(
        ["msgId", "msgtype", "text", "content", "conversationType", "conversationId", "senderStaffId", "sessionWebhook",
         "sessionWebhookExpiredTime", "createAt"]
    ),
    ANY
    | st.sampled_from(["text", "richText", "picture", "audio", "2", "https://[x"])
    | st.fixed_dictionaries({"richText": ANY}),
)  # fmt: skip


@fuzzed
@given(st.binary(max_size=100) | BODY.map(lambda b: json.dumps(b).encode()))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        assert read(APP, ("https://oapi.dingtalk.com",), body).customer
    except Refused as refused:
        assert refused.status in (400, 403, 413)


@fuzzed
@given(st.dictionaries(st.sampled_from(["timestamp", "sign"]), st.text(max_size=50)))
def test_any_headers_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        verify(SECRET, headers)
