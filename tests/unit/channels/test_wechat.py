"""The official account against a fake WeChat that signs, encrypts, counts and refuses as the documentation says."""

import asyncio
import base64
import hashlib
import time
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree

import pytest
from aiohttp import web
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage
from serving import PNG, Platform, Running, until
from wechatpy.crypto import WeChatCrypto

from bot.channels import shared
from bot.channels.checks import Refused
from bot.channels.options import read_options
from bot.channels.outgoing import from_content
from bot.channels.wechat import WeChat
from bot.channels.wechat.channel import WeChatOptions
from bot.channels.wechat.protocol import open_body, read
from bot.channels.wechat.render import messages_of
from bot.settings import SettingsError

APP, TOKEN, KEY = "wx0123456789abcdef", "t0ken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


class FakeWeChat(Platform):
    def __init__(self) -> None:
        super().__init__()
        router = self.app.router
        router.add_post("/cgi-bin/stable_token", self._token)
        router.add_post("/cgi-bin/message/custom/send", self._send)
        router.add_get("/cgi-bin/media/get", self._media)
        router.add_post("/cgi-bin/media/upload", self._upload)
        router.add_post("/cgi-bin/menu/create", self._menu)
        router.add_get("/picture.png", self._picture)
        self.token = ""
        self.tokens = 0
        self.forced: list[bool] = []
        self.sent: list[dict[str, Any]] = []
        self.errors: list[int] = []
        self.menus: list[Any] = []
        self.uploads = 0
        self.crypto = WeChatCrypto(TOKEN, KEY, APP)

    async def _token(self, request: web.Request) -> web.Response:
        body = await request.json()
        if (body["appid"], body["secret"]) != (APP, "s3cret") or body["grant_type"] != "client_credential":
            return web.json_response({"errcode": 40125, "errmsg": "invalid appsecret"})
        await asyncio.sleep(0.05)
        if body["force_refresh"] or not self.token:
            self.tokens += 1
            self.token = f"ACCESS{self.tokens}"
        self.forced.append(body["force_refresh"])
        return web.json_response({"access_token": self.token, "expires_in": 7200})

    def _bad(self, request: web.Request) -> web.Response | None:
        if request.query.get("access_token") != self.token:
            return web.json_response({"errcode": 40001, "errmsg": "invalid credential, access_token is invalid"})
        if self.errors:
            return web.json_response({"errcode": self.errors.pop(0), "errmsg": "refused"})
        return None

    async def _send(self, request: web.Request) -> web.Response:
        bad = self._bad(request)
        raw = await request.read()
        assert b"\\u" not in raw  # WeChat shows escapes as they are
        if bad is not None:  # an empty aiohttp response is false
            return bad
        self.sent.append(await request.json())
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def _media(self, request: web.Request) -> web.Response:
        bad = self._bad(request)
        if bad is not None:
            return bad
        if request.query["media_id"] != "PHOTO":
            return web.json_response({"errcode": 40007, "errmsg": "invalid media_id"})
        return self.file()

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert request.query["type"] == "image" and form["media"].file.read() == PNG  # type: ignore[union-attr]
        self.uploads += 1
        return web.json_response({"type": "image", "media_id": f"UP{self.uploads}"})

    async def _menu(self, request: web.Request) -> web.Response:
        self.menus.append((await request.json())["button"])
        return web.json_response({"errcode": 0})

    async def _picture(self, _: web.Request) -> web.Response:
        return web.Response(body=PNG, content_type="image/png")

    def make(self, encrypted: bool = False, **options: Any) -> Callable[..., WeChat]:
        credentials = {"app_id": APP, "secret": "s3cret", "token": TOKEN, "api": self.base, **options}
        if encrypted:
            credentials["encoding_aes_key"] = KEY
        return lambda **given: WeChat(read_options(WeChatOptions, "x", credentials), **given)

    def query(self, **changed: str) -> dict[str, str]:
        timestamp, nonce = changed.pop("timestamp", str(int(time.time()))), uuid.uuid4().hex[:10]
        signature = hashlib.sha1("".join(sorted([TOKEN, timestamp, nonce])).encode()).hexdigest()
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce, "openid": "oUser", **changed}

    def text(self, content: str, identity: str = "") -> str:
        return message("text", Content=content, MsgId=identity or str(uuid.uuid4().int % 10**16))

    async def post(
        self, server: Running, xml: str, query: dict[str, str] | None = None, encrypted: bool = False
    ) -> str:
        query = query or self.query()
        body = xml
        if encrypted:
            body = self.crypto.encrypt_message(xml, query["nonce"], query["timestamp"])
            root = ElementTree.fromstring(body)
            query |= {"msg_signature": root.findtext("MsgSignature") or "", "encrypt_type": "aes"}
            body = f"<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{root.findtext('Encrypt')}]]></Encrypt></xml>"
        self.query_sent, self.body_sent = query, body
        async with self.http.post(f"{server.address}/webhook", params=query, data=body.encode()) as answer:
            self.status = answer.status
            return await answer.text()

    def words(self, reply: str, encrypted: bool = False) -> str | None:
        """What a passive reply says, its signature and addressee checked."""
        if encrypted:
            root = ElementTree.fromstring(reply)
            reply = self.crypto.decrypt_message(
                reply, root.findtext("MsgSignature"), root.findtext("TimeStamp"), root.findtext("Nonce")
            )
        root = ElementTree.fromstring(reply)
        assert (root.findtext("ToUserName"), root.findtext("FromUserName")) == ("oUser", "gh_shop")
        assert root.findtext("MsgType") == "text" and int(root.findtext("CreateTime") or 0) > 0
        return root.findtext("Content")


def message(kind: str, **fields: Any) -> str:
    given = {
        "ToUserName": "gh_shop",
        "FromUserName": "oUser",
        "CreateTime": int(time.time()),
        "MsgType": kind,
        **fields,
    }
    return "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in given.items()) + "</xml>"


@pytest.fixture(params=["sqlite", "postgresql"])
def chat_url(request: pytest.FixtureRequest) -> str:
    """Every conversation with the platform is held on each kind of database."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def wechat() -> AsyncIterator[FakeWeChat]:
    made = FakeWeChat()
    await made.start()
    yield made
    await made.stop()


async def test_the_address_is_verified(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    server = await running(wechat.make())
    query = wechat.query(echostr="98765")
    async with wechat.http.get(f"{server.address}/webhook", params=query) as answer:
        assert (answer.status, await answer.text()) == (200, "98765")
    async with wechat.http.get(f"{server.address}/webhook", params={**query, "nonce": "x"}) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_quick_answer_goes_back_in_the_response(
    wechat: FakeWeChat, running: Callable[..., Any], encrypted: bool
) -> None:
    server = await running(wechat.make(encrypted))
    reply = await wechat.post(server, wechat.text("有货吗 <&>"), encrypted=encrypted)
    assert wechat.words(reply, encrypted) == "回：有货吗 <&>"
    await asyncio.sleep(0.2)
    assert wechat.sent == []


async def test_a_slow_answer_goes_by_the_customer_service_api(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    async def slow(asked: UserMessage) -> None:
        await asyncio.sleep(0.6)
        await asked.output_channel.send_response(asked.sender_id, {"text": "想好了"})

    server = await running(wechat.make(passive_seconds=0.3), slow)
    assert await wechat.post(server, wechat.text("难题")) == "success"
    await until(lambda: wechat.sent)
    assert wechat.sent == [{"touser": "oUser", "msgtype": "text", "text": {"content": "想好了"}}]
    assert wechat.tokens == 1


async def test_three_deliveries_give_one_answer(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    async def slow(asked: UserMessage) -> None:
        await asyncio.sleep(0.5)
        await asked.output_channel.send_response(asked.sender_id, {"text": "一次"})

    server = await running(wechat.make(passive_seconds=0.3), slow)
    xml = wechat.text("在吗", "42")
    replies = await asyncio.gather(*(wechat.post(server, xml) for _ in range(3)))
    await until(lambda: wechat.sent)
    replies += [await wechat.post(server, xml)]
    await asyncio.sleep(0.3)
    assert replies == ["success"] * 4
    assert len(wechat.sent) == 1 and len(server.heard) == 1


async def test_without_the_api_the_repeated_delivery_gets_the_answer(
    wechat: FakeWeChat, running: Callable[..., Any]
) -> None:
    async def slow(asked: UserMessage) -> None:
        await asyncio.sleep(1.6)
        for text in ("先这样", "再那样"):
            await asked.output_channel.send_response(asked.sender_id, {"text": text})

    server = await running(wechat.make(customer_service=False, passive_seconds=1), slow)
    xml = wechat.text("在吗", "42")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(wechat.post(server, xml), 1.4)  # WeChat hangs up
    assert wechat.words(await wechat.post(server, xml)) == "先这样\n再那样"
    assert wechat.sent == [] and len(server.heard) == 1


async def test_messages_of_all_kinds(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    server = await running(wechat.make(passive_seconds=0))
    await wechat.post(server, message("image", PicUrl="http://x.example.com", MediaId="PHOTO", MsgId="1"))
    await wechat.post(server, message("voice", MediaId="V", Format="amr", Recognition="发货了吗", MsgId="2"))
    await wechat.post(server, message("voice", MediaId="V", Format="amr", MsgId="3"))
    await wechat.post(
        server, message("location", Location_X="39.9", Location_Y="116.4", Label="北京市朝阳区", MsgId="4")
    )
    await wechat.post(server, message("event", Event="subscribe", EventKey="", FromUserName="oNew"))
    await wechat.post(server, message("event", Event="CLICK", EventKey="/ask_promotion"))
    await wechat.post(server, message("event", Event="CLICK", EventKey="查订单"))
    await wechat.post(server, message("event", Event="unsubscribe"))
    await wechat.post(server, message("event", Event="VIEW", EventKey="https://shop.example.com"))
    await wechat.post(server, message("hologram", MsgId="5"))
    assert wechat.status == 200
    await until(lambda: len(server.heard) == 8)
    assert sorted(server.heard) == sorted(
        ["/sent_image", "发货了吗", "/sent_voice", "北京市朝阳区", "/greet", "/ask_promotion", "查订单", "/sent_file"]
    )
    image = next(m for m in server.asked if m.text == "/sent_image").metadata["photos"][0]
    await until(lambda: server.connector.media.read(image.removeprefix("/media/")) == PNG)


async def test_events_are_told_apart_by_sender_and_time(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    server = await running(wechat.make(passive_seconds=0))
    click = message("event", Event="CLICK", EventKey="查订单", CreateTime=1700000000)
    for xml in (click, click, click.replace("1700000000", "1700000001")):
        await wechat.post(server, xml)
    await until(lambda: len(server.heard) == 2)


async def test_choices_are_a_menu_and_come_back(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    async def offer(asked: UserMessage) -> None:
        buttons = [{"title": "是的", "payload": "/affirm"}, {"title": "不用了", "payload": "/deny"}]
        await asked.output_channel.send_response(asked.sender_id, {"text": "下单吗？", "buttons": buttons})

    server = await running(wechat.make(passive_seconds=0), offer)
    await wechat.post(server, wechat.text("买"))
    await until(lambda: wechat.sent)
    items = wechat.sent[0]["msgmenu"]["list"]
    assert wechat.sent[0]["msgmenu"]["head_content"] == "下单吗？"
    xml = message("text", Content=items[1]["content"], bizmsgmenuid=items[1]["id"], MsgId="77")
    await wechat.post(server, xml)
    await until(lambda: server.heard[-1] == "/deny")


async def test_forged_late_replayed_and_plain_requests(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    server = await running(wechat.make())
    await wechat.post(server, wechat.text("x"), {**wechat.query(), "signature": "0" * 40})
    assert wechat.status == 403
    await wechat.post(server, wechat.text("x"), wechat.query(timestamp="1409735669"))
    assert wechat.status == 403
    query = wechat.query()
    await wechat.post(server, wechat.text("改地址到朝阳"), query)
    assert wechat.status == 200
    await wechat.post(server, wechat.text("改地址到别处"), query)  # the signature of another message
    assert wechat.status == 409
    for body in (
        "",
        "<xml>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><xml><a>&b;</a></xml>",
        "<xml><MsgType>text</MsgType></xml>",
    ):
        await wechat.post(server, body)
        assert wechat.status == 400
    await wechat.post(server, "<xml>" + "x" * 200_000 + "</xml>")
    assert wechat.status == 413
    assert server.heard == ["改地址到朝阳"]


async def test_encrypted_mode_takes_nothing_else(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    server = await running(wechat.make(encrypted=True))
    await wechat.post(server, wechat.text("我是明文"))
    assert wechat.status == 403
    await wechat.post(server, wechat.text("好"), encrypted=True)
    query, body = wechat.query_sent, wechat.body_sent
    for changed, cut in [({"msg_signature": "0" * 40}, 0), ({"msg_signature": ""}, 0), ({}, 40)]:
        forged = body if not cut else body[:-cut] + "]]></Encrypt></xml>"
        await wechat.post(server, forged, {**query, **changed})
        assert wechat.status in (400, 403)
    other = WeChatCrypto(TOKEN, KEY, "wxOTHER")
    wechat.crypto = other
    await wechat.post(server, wechat.text("给别人的"), encrypted=True)
    assert wechat.status == 403
    assert server.heard == ["好"]


async def test_an_expired_token_is_replaced_once(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    one, two = await running(wechat.make(passive_seconds=0)), await running(wechat.make(passive_seconds=0))
    await wechat.post(one, wechat.text("一"))
    await until(lambda: len(wechat.sent) == 1)
    wechat.token = "OTHER"  # as when another system of the shop fetched one
    posts = [(one, "oA"), (two, "oB"), (one, "oC"), (two, "oD")]
    await asyncio.gather(*(wechat.post(s, wechat.text("二").replace("oUser", who)) for s, who in posts))
    await until(lambda: len(wechat.sent) == 5)
    assert wechat.forced == [False, True]


async def test_errors_are_tried_again_or_given_up(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    server = await running(wechat.make(passive_seconds=0))
    wechat.errors = [-1]
    await wechat.post(server, wechat.text("一"))
    await until(lambda: len(wechat.sent) == 1)
    wechat.errors = [45015]
    await wechat.post(server, wechat.text("二"))
    await wechat.post(server, wechat.text("三"))
    await until(lambda: len(wechat.sent) == 2)
    assert wechat.sent[1]["text"]["content"] == "回：三"


async def test_five_messages_within_48_hours(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    server = await running(wechat.make(passive_seconds=0))
    await wechat.post(server, wechat.text("hi"))
    await until(lambda: len(wechat.sent) == 1)
    from bot.conversations import open_conversation, say

    conversation = open_conversation(server.store, "wechat", "oUser")
    for number in range(6):
        say(server.store, conversation, {"text": f"提醒{number}"})
    await until(lambda: len(wechat.sent) == 5)
    await asyncio.sleep(0.4)
    assert [m["text"]["content"] for m in wechat.sent[1:]] == [f"提醒{n}" for n in range(4)]
    await wechat.post(server, wechat.text("还在"))
    await until(lambda: len(wechat.sent) == 6)


async def test_a_picture_is_uploaded_once(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    async def show(asked: UserMessage) -> None:
        image = f"{wechat.base}/picture.png" if asked.text == "看图" else "/relative.png"
        await asked.output_channel.send_response(asked.sender_id, {"text": "请看", "image": image})

    server = await running(wechat.make(passive_seconds=0), show)
    for text, sent in (("看图", 2), ("看图", 4), ("没有的图", 5)):
        await wechat.post(server, wechat.text(text))
        await until(lambda sent=sent: len(wechat.sent) == sent)
    assert [m.get("image") for m in wechat.sent[:4:2]] == [{"media_id": "UP1"}, {"media_id": "UP1"}]
    assert wechat.sent[4]["text"]["content"] == "请看"
    assert wechat.uploads == 1


async def test_the_menu_is_created_once(wechat: FakeWeChat, running: Callable[..., Any]) -> None:
    menu = [{"type": "click", "name": "查订单", "key": "/check_order"}]
    for _ in range(2):
        await running(wechat.make(menu=menu))
    assert wechat.menus == [menu]


def test_cards_become_news_or_numbers() -> None:
    card = {
        "title": "iPhone 14",
        "price": "¥5999",
        "url": "https://s.example.com/1",
        "image": "https://s.example.com/1.png",
    }
    one = from_content({"text": "看看这款", "custom": {"cards": [card]}})
    assert one is not None
    assert [m["msgtype"] for m in messages_of(one)] == ["text", "news"]
    many = from_content({"text": "哪一款？", "custom": {"cards": [{**card, "payload": f"/p{n}"} for n in range(12)]}})
    assert many is not None
    assert "12. iPhone 14" in messages_of(many)[-1]["text"]["content"]
    long = from_content({"text": "很长的话" * 400})
    assert long is not None
    parts = messages_of(long)
    assert len(parts) == 3 and all(len(p["text"]["content"].encode()) <= 2048 for p in parts)
    assert "".join(p["text"]["content"] for p in parts) == "很长的话" * 400


@pytest.mark.parametrize("missing", ["app_id", "secret", "token"])
def test_missing_credentials_are_named(missing: str) -> None:
    credentials = {"app_id": APP, "secret": "s", "token": TOKEN}
    with pytest.raises(SettingsError, match=missing):
        read_options(WeChatOptions, "bot.channels.wechat.WeChat", {**credentials, missing: ""})
    del credentials[missing]
    with pytest.raises(SettingsError, match=missing):
        read_options(WeChatOptions, "bot.channels.wechat.WeChat", credentials)


NAMES = [
    "FromUserName",
    "ToUserName",
    "MsgType",
    "CreateTime",
    "MsgId",
    "Content",
    "Event",
    "EventKey",
    "MediaId",
    "Label",
]


@fuzzed
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(["text", "event", "image", "location", "CLICK", "subscribe", "1700000000"]),
            st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
        ),
    )
)
def test_any_fields_are_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        assert read(fields).external_id
    except Refused:
        return


@fuzzed
@given(
    st.binary(max_size=120),
    st.dictionaries(st.sampled_from(["timestamp", "nonce", "msg_signature"]), st.text(max_size=9)),
)
def test_any_encrypted_body_is_refused(body: bytes, query: dict[str, str]) -> None:
    from bot.channels.aes import Envelope

    with pytest.raises(Refused):
        open_body(TOKEN, Envelope(KEY, APP), query, b"<xml><Encrypt>" + base64.b64encode(body) + b"</Encrypt></xml>")


def test_menu_clicks_allow_three_messages_for_a_minute(tmp_path: Any) -> None:
    from bot.clock import freeze
    from bot.db import upgrade

    url = f"sqlite:///{tmp_path}/q.db"
    upgrade(url, "channels")
    noon = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)
    with freeze(noon):
        shared.grant_quota(url, "c", 3, 60)
        assert [shared.take_quota(url, "c") for _ in range(4)] == [True, True, True, False]
    with freeze(noon + timedelta(seconds=61)):
        assert shared.quota_left(url, "c") == 0
