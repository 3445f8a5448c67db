"""The open channel against an adapter that signs and checks signatures from its side, with its own code."""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage
from serving import PNG, Platform, Running, until

from bot import clock
from bot.channels.checks import Refused
from bot.channels.open_channel import OpenChannel
from bot.channels.open_channel.channel import OpenOptions
from bot.channels.open_channel.protocol import read, verify
from bot.channels.options import read_options
from bot.settings import SettingsError

SECRET = "0123456789abcdef0123456789abcdef"


class Adapter(Platform):
    """An adapter as docs/channels/open.md describes it."""

    def __init__(self) -> None:
        super().__init__()
        self.app.router.add_post("/push", self._push)
        self.app.router.add_get("/photo.jpg", self._photo)
        self.pushed: list[dict[str, Any]] = []
        self.nonces: set[str] = set()
        self.refuse: list[int] = []  # statuses for the next pushes
        self.forged = 0

    async def _push(self, request: web.Request) -> web.Response:
        body = await request.read()
        timestamp, nonce = request.headers["X-Dianxiaoer-Timestamp"], request.headers["X-Dianxiaoer-Nonce"]
        expected = hmac.new(SECRET.encode(), timestamp.encode() + b"\n" + nonce.encode() + b"\n" + body, hashlib.sha256)
        signed = expected.hexdigest() == request.headers["X-Dianxiaoer-Signature"]
        if not signed or nonce in self.nonces or abs(time.time() - int(timestamp)) > 60:
            self.forged += 1
            return web.Response(status=401)
        self.nonces.add(nonce)
        if self.refuse:
            return web.Response(status=self.refuse.pop(0))
        message = json.loads(body)
        if message["id"] in {known["id"] for known in self.pushed}:
            return web.Response(status=409)
        self.pushed.append(message)
        return web.json_response({"ok": True})

    async def _photo(self, _: web.Request) -> web.Response:
        return self.file()

    def make(self, **given: Any) -> OpenChannel:
        source = {"secret": SECRET, "push_url": f"{self.base}/push", "file_hosts": [self.base]}
        return OpenChannel(read_options(OpenOptions, "x", {"sources": {"taobao": source}}), **given)

    def sign(self, body: bytes, **changed: str) -> dict[str, str]:
        timestamp, nonce = changed.get("timestamp", str(int(time.time()))), changed.get("nonce", uuid.uuid4().hex)
        mac = hmac.new(SECRET.encode(), f"{timestamp}\n{nonce}\n".encode() + body, hashlib.sha256).hexdigest()
        return {
            "X-Dianxiaoer-Source": changed.get("source", "taobao"),
            "X-Dianxiaoer-Timestamp": timestamp,
            "X-Dianxiaoer-Nonce": nonce,
            "X-Dianxiaoer-Signature": changed.get("signature", mac),
        }

    async def post(self, server: Running, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        async with self.http.post(f"{server.address}/webhook", data=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def say(self, server: Running, text: str = "", *, identity: str = "", **more: Any) -> tuple[int, Any]:
        message = {"id": identity or uuid.uuid4().hex, "customer": {"id": "buyer1"}, "type": "text", "text": text}
        body = json.dumps({**message, **more}, ensure_ascii=False).encode()
        return await self.post(server, body, self.sign(body))

    @property
    def words(self) -> list[str]:
        return [message["text"] for message in self.pushed]


@pytest.fixture
async def adapter() -> AsyncIterator[Adapter]:
    made = Adapter()
    await made.start()
    yield made
    await made.stop()


async def shop(message: UserMessage) -> None:
    """Offers a choice, and repeats the rest."""
    if message.text == "买手机":
        buttons = [
            {"title": "黑色", "payload": '/inform{"color":"黑"}'},
            {"title": "白色", "payload": '/inform{"color":"白"}'},
        ]
        await message.output_channel.send_response(message.sender_id, {"text": "要什么颜色？", "buttons": buttons})
        return
    await message.output_channel.send_response(message.sender_id, {"text": f"回：{message.text}"})


async def test_a_conversation_with_choices(adapter: Adapter, running: Callable[..., Any]) -> None:
    server = await running(adapter.make, shop)
    assert await adapter.say(server, "买手机") == (200, {"ok": True, "duplicate": False})
    await until(lambda: len(adapter.pushed) == 1)
    assert adapter.pushed[0]["text"] == "要什么颜色？\n1. 黑色\n2. 白色"
    assert adapter.pushed[0]["content"]["buttons"][1] == {
        "number": 2,
        "title": "白色",
        "payload": '/inform{"color":"白"}',
    }
    for answer in ("2.", "第二个", "白色"):
        adapter.pushed.clear()
        await adapter.say(server, "买手机")
        await until(lambda: adapter.pushed)
        await adapter.say(server, answer)
        await until(lambda: adapter.words[-1].startswith("回："))
        assert server.heard[-1] == '/inform{"color":"白"}'
        assert server.texts("taobao:buyer1")[-2] == ("customer", "白色")
    adapter.pushed.clear()
    await adapter.say(server, "2")  # nothing is offered any more
    await until(lambda: adapter.words == ["回：2"])
    assert adapter.forged == 0
    assert {m.metadata["source"] for m in server.asked} == {"taobao"}


async def test_typed_payloads_are_words(adapter: Adapter, running: Callable[..., Any]) -> None:
    server = await running(adapter.make, shop)
    await adapter.say(server, '/inform{"color":"白"}')
    await adapter.say(server, "x", type="event", event="button", payload="/affirm")
    await until(lambda: len(server.heard) == 2)
    assert server.heard == ['／inform{"color":"白"}', "x"]


async def test_the_same_message_three_times_gives_one_answer(adapter: Adapter, running: Callable[..., Any]) -> None:
    one, two = await running(adapter.make), await running(adapter.make)
    answers = await asyncio.gather(*(adapter.say(server, "在吗", identity="m1") for server in (one, two, one)))
    assert sorted(body["duplicate"] for _, body in answers) == [False, True, True]
    await until(lambda: adapter.pushed)
    await asyncio.sleep(0.3)
    assert adapter.words == ["回：在吗"]
    assert len(one.heard) + len(two.heard) == 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"signature": "0" * 64}, 403),
        ({"signature": ""}, 403),
        ({"source": "jd"}, 403),
        ({"timestamp": "1409735669"}, 403),
        ({"timestamp": "soon"}, 400),
        ({"timestamp": "１７０００００００００"}, 400),
        ({"nonce": "short"}, 400),
        ({"nonce": "with space and more than 16"}, 400),
    ],
)
async def test_forged_requests(
    adapter: Adapter, running: Callable[..., Any], changed: dict[str, str], status: int
) -> None:
    server = await running(adapter.make)
    body = json.dumps({"id": "1", "customer": {"id": "b"}, "type": "text", "text": "hi"}).encode()
    headers = {**adapter.sign(body), **adapter.sign(body, **{k: v for k, v in changed.items() if v.isascii()})}
    if not all(v.isascii() for v in changed.values()):
        headers["X-Dianxiaoer-Timestamp"] = "1_700_000_000"
    got, _ = await adapter.post(server, body, headers)
    assert got == status
    assert server.heard == []


async def test_a_changed_body_and_a_replay(adapter: Adapter, running: Callable[..., Any]) -> None:
    server = await running(adapter.make)
    body = json.dumps({"id": "1", "customer": {"id": "b"}, "type": "text", "text": "退款一元"}).encode()
    headers = adapter.sign(body)
    assert (await adapter.post(server, body.replace(b"text", b"texT"), headers))[0] == 403
    assert (await adapter.post(server, body, headers))[0] == 200
    assert (await adapter.post(server, body, headers))[0] == 409


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"id": 1}',
        b'{"id": "1", "customer": {"id": "b"}, "type": "dance", "text": "x"}',
        b'{"id": "1", "customer": {"id": ""}, "type": "text", "text": "x"}',
        b'{"id": "1", "customer": {"id": "b"}, "type": "text", "text": "  "}',
        b'{"id": "1", "customer": {"id": "b"}, "type": "image", "image": {"url": "https://127.0.0.1/x"}}',
        b'{"id": "1", "customer": {"id": "b"}, "type": "event"}',
        b"[" * 60000,
    ],
)
async def test_malformed_bodies(adapter: Adapter, running: Callable[..., Any], body: bytes) -> None:
    server = await running(adapter.make)
    assert (await adapter.post(server, body, adapter.sign(body)))[0] == 400


async def test_an_oversized_body_is_not_read(adapter: Adapter, running: Callable[..., Any]) -> None:
    server = await running(adapter.make)
    body = b"x" * (10 * 1024 * 1024)
    assert (await adapter.post(server, body, adapter.sign(body)))[0] == 413


async def test_unstorable_characters(adapter: Adapter, running: Callable[..., Any]) -> None:
    server = await running(adapter.make)
    body = b'{"id": "1", "customer": {"id": "b"}, "type": "text", "text": "a\\u0000b\\ud800c"}'
    assert (await adapter.post(server, body, adapter.sign(body)))[0] == 200
    await until(lambda: server.heard == ["abc"])


async def test_pushes_are_tried_again_and_in_order(adapter: Adapter, running: Callable[..., Any]) -> None:
    server = await running(adapter.make)
    adapter.refuse = [503, 429]
    for number in range(3):
        await adapter.say(server, f"第{number}句")
    await until(lambda: len(adapter.pushed) == 3, 10)
    assert adapter.words == ["回：第0句", "回：第1句", "回：第2句"]


async def test_a_push_that_nobody_wants_is_given_up_and_the_next_goes_on(
    adapter: Adapter, running: Callable[..., Any]
) -> None:
    server = await running(adapter.make)
    adapter.refuse = [400]
    await adapter.say(server, "一")
    await adapter.say(server, "二")
    await until(lambda: adapter.words == ["回：二"])


async def test_quick_short_messages_become_one_turn(adapter: Adapter, running: Callable[..., Any]) -> None:
    server = await running(adapter.make, join_seconds=1.5)
    for text in ("在吗", "那个手机", "有货吗"):
        await adapter.say(server, text)
        await asyncio.sleep(0.05)
    await until(lambda: adapter.pushed)
    assert server.heard == ["在吗，那个手机，有货吗"]
    began = time.monotonic()
    await adapter.say(server, "这是一句足够长的话所以不必再等别的消息了对吧")
    await until(lambda: len(adapter.pushed) == 2)
    assert time.monotonic() - began < 1.4


async def test_customers_are_answered_in_parallel_and_each_in_order(
    adapter: Adapter, running: Callable[..., Any]
) -> None:
    busy: dict[str, int] = {}
    most = 0

    async def slow(message: UserMessage) -> None:
        nonlocal most
        busy[message.sender_id] = busy.get(message.sender_id, 0) + 1
        assert busy[message.sender_id] == 1
        most = max(most, sum(busy.values()))
        await asyncio.sleep(0.1)
        busy[message.sender_id] -= 1
        await message.output_channel.send_response(message.sender_id, {"text": message.text})

    server = await running(adapter.make, slow)
    for number in range(4):
        await asyncio.gather(*(adapter.say(server, f"{b}-{number}", customer={"id": b}) for b in ("a", "b", "c")))
    await until(lambda: len(adapter.pushed) == 12, 10)
    for buyer in ("a", "b", "c"):
        assert [w for w in adapter.words if w.startswith(buyer)] == [f"{buyer}-{n}" for n in range(4)]
    assert most == 3


async def test_images_are_stored_and_voices_ask_to_type(adapter: Adapter, running: Callable[..., Any]) -> None:
    server = await running(adapter.make)
    await adapter.say(server, type="image", image={"url": f"{adapter.base}/photo.jpg"})
    await adapter.say(server, type="voice", voice={"url": f"{adapter.base}/photo.jpg", "format": "amr"})
    await until(lambda: server.heard == ["/sent_image", "/sent_voice"])
    name = server.asked[0].metadata["photos"][0].removeprefix("/media/")
    await until(lambda: server.connector.media.read(name))
    assert server.connector.media.read(name) == PNG


@pytest.mark.parametrize(
    ("credentials", "named"),
    [
        (None, "sources"),
        ({"sources": {}}, "sources"),
        ({"sources": {"taobao": {"secret": "short", "push_url": "https://a.example.com"}}}, "sources"),
        ({"sources": {"taobao": {"secret": SECRET, "push_url": "http://a.example.com"}}}, "sources"),
        ({"sources": {"淘宝": {"secret": SECRET, "push_url": "https://a.example.com"}}}, "sources"),
        ({"sources": {"a": {"secret": SECRET, "push_url": "https://a.example.com"}}, "sorces": 1}, "sorces"),
    ],
)
def test_wrong_credentials_are_named(credentials: Any, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_options(OpenOptions, "bot.channels.open_channel.OpenChannel", credentials)


def test_the_window_ends() -> None:
    body = b"{}"
    with clock.freeze(clock.now()):
        headers = Adapter.sign(None, body, timestamp=str(int(clock.now().timestamp())))  # type: ignore[arg-type]
        verify(SECRET, headers, body)
        later = clock.now() + timedelta(seconds=302)
    with clock.freeze(later), pytest.raises(Refused, match="window"):
        verify(SECRET, headers, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(
    st.sampled_from(["id", "customer", "type", "text", "image", "voice", "location", "event", "payload", "metadata"]),
    st.one_of(
        JSON,
        st.fixed_dictionaries({"id": st.text(max_size=5)}),
        st.sampled_from(["text", "image", "voice", "location", "event", "1"]),
        st.fixed_dictionaries({"url": st.one_of(st.text(max_size=30), st.just("https://[x"))}),
    ),
)


@fuzzed
@given(st.one_of(st.binary(max_size=200), FIELDS.map(lambda f: json.dumps(f).encode())))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        assert read("taobao", body, ["https://img.example.com"]).customer
    except Refused as refused:
        assert refused.status in (400, 413)


@fuzzed
@given(
    st.dictionaries(
        st.sampled_from(["X-Dianxiaoer-Timestamp", "X-Dianxiaoer-Nonce", "X-Dianxiaoer-Signature"]),
        st.text(max_size=40),
    ),
    st.binary(max_size=50),
)
def test_any_headers_are_refused(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Refused):
        verify(SECRET, headers, body)
