"""A fake WeCom: encrypted callbacks, tokens, app messages and 微信客服, with checks of its own."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from aiohttp import web
from serving import Platform, Running
from wechatpy.enterprise.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from bot.channels.connector import Connector
from bot.channels.options import read_options
from bot.channels.wechat_kf.channel import KfOptions, WeChatKf
from bot.channels.wecom.channel import WeCom, WeComOptions

CORP, TOKEN, KEY = "wwcorp0001", "t0ken", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
ACCOUNT, CUSTOMER = "wkAJ2GCAAA", "wmCustomer"


class FakeWeCom(Platform):
    def __init__(self) -> None:
        super().__init__()
        router = self.app.router
        router.add_get("/cgi-bin/gettoken", self._token)
        router.add_get("/cgi-bin/media/get", self._media)
        for path, handler in {
            "message/send": self._send,
            "message/update_template_card": self._update,
            "kf/sync_msg": self._sync,
            "kf/send_msg": self._kf_send,
            "kf/send_msg_on_event": self._welcome,
            "kf/service_state/get": self._state,
            "kf/service_state/trans": self._trans,
        }.items():
            router.add_post(f"/cgi-bin/{path}", self._checked(handler))
        self.crypto = WeChatCrypto(TOKEN, KEY, CORP)
        self.token, self.tokens = "", 0
        self.sent: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []
        self.errors: list[int] = []
        self.kf: list[dict[str, Any]] = []  # all messages of 微信客服
        self.kf_ids: set[str] = set()
        self.welcomes: list[dict[str, Any]] = []
        self.states: dict[str, int] = {}
        self.moves: list[int] = []
        self.pages: list[str] = []
        self.knocks: dict[str, float] = {}
        self.page_size = 2

    async def _token(self, request: web.Request) -> web.Response:
        if (request.query["corpid"], request.query["corpsecret"]) != (CORP, "s3cret"):
            return web.json_response({"errcode": 40001, "errmsg": "invalid credential"})
        await asyncio.sleep(0.02)
        self.tokens += 1
        self.token = f"ACCESS{self.tokens}"
        return web.json_response({"errcode": 0, "errmsg": "ok", "access_token": self.token, "expires_in": 7200})

    async def _media(self, request: web.Request) -> web.Response:
        if request.query.get("access_token") != self.token:
            return web.json_response({"errcode": 42001, "errmsg": "access_token expired"})
        if request.query["media_id"] != "PHOTO":
            return web.json_response({"errcode": 40007, "errmsg": "invalid media_id"})
        return self.file()

    def _checked(self, handler: Callable[[Any], Any]) -> Callable[[web.Request], Any]:
        async def checked(request: web.Request) -> web.Response:
            if request.query.get("access_token") != self.token:
                return web.json_response({"errcode": 42001, "errmsg": "access_token expired"})
            if self.errors:
                return web.json_response({"errcode": self.errors.pop(0), "errmsg": "refused"})
            answer = handler(await request.json())
            return web.json_response({"errcode": 0, "errmsg": "ok", **answer})

        return checked

    def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["agentid"] == 1000002
        self.sent.append(body)
        return {"invaliduser": "", "response_code": "RC"}

    def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        self.updates.append(body)
        return {}

    def _sync(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["open_kfid"] == ACCOUNT and body["limit"] <= 1000
        token = body.get("token")
        if token and time.time() - self.knocks.get(token, 0) > 600:
            return {"errcode": 95007, "errmsg": "invalid msgtoken"}
        start = int(body.get("cursor", "c0")[1:])
        self.pages.append(body.get("cursor", ""))
        page = self.kf[start : start + self.page_size]
        end = start + len(page)
        return {"next_cursor": f"c{end}", "has_more": int(end < len(self.kf)), "msg_list": page}

    def _kf_send(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["open_kfid"] == ACCOUNT and 0 < len(body["msgid"].encode()) <= 32
        if self.states.get(body["touser"], 0) not in (0, 1):
            return {"errcode": 95018, "errmsg": "send msg session status invalid"}
        if body["msgid"] not in self.kf_ids:
            self.kf_ids.add(body["msgid"])
            self.sent.append(body)
        return {"msgid": body["msgid"]}

    def _welcome(self, body: dict[str, Any]) -> dict[str, Any]:
        self.welcomes.append(body)
        return {"msgid": body["msgid"]}

    def _state(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"service_state": self.states.get(body["external_userid"], 0)}

    def _trans(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.states.get(body["external_userid"], 0) == 3 and body["service_state"] in (1, 2):
            return {"errcode": 95016, "errmsg": "not allowed"}
        self.states[body["external_userid"]] = body["service_state"]
        self.moves.append(body["service_state"])
        return {}

    def app_channel(self, **options: Any) -> Callable[..., Connector]:
        credentials = {**self._credentials(), "agent_id": 1000002, **options}
        return lambda **given: WeCom(read_options(WeComOptions, "x", credentials), **given)

    def kf_channel(self, **options: Any) -> Callable[..., Connector]:
        credentials = {**self._credentials(), "accounts": [ACCOUNT], **options}
        return lambda **given: WeChatKf(read_options(KfOptions, "x", credentials), **given)

    def _credentials(self) -> dict[str, Any]:
        return {"corp_id": CORP, "secret": "s3cret", "token": TOKEN, "encoding_aes_key": KEY, "api": self.base}

    def sign(self, encrypted: str, timestamp: str = "") -> dict[str, str]:
        timestamp, nonce = timestamp or str(int(time.time())), uuid.uuid4().hex[:10]
        signer = WeChatSigner()
        signer.add_data(TOKEN, timestamp, nonce, encrypted)
        return {"msg_signature": signer.signature, "timestamp": timestamp, "nonce": nonce}

    def encrypted(self, xml: str) -> str:
        root = ElementTree.fromstring(self.crypto.encrypt_message(xml, "nonce", "1"))
        return root.findtext("Encrypt") or ""

    async def post(self, server: Running, xml: str, **changed: str) -> tuple[int, str]:
        encrypted = self.encrypted(xml)
        query = {**self.sign(encrypted, changed.pop("timestamp", "")), **changed}
        self.last = (query, encrypted)
        return await self.post_raw(server, encrypted, query)

    async def post_raw(self, server: Running, encrypted: str, query: dict[str, str]) -> tuple[int, str]:
        body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        async with self.http.post(f"{server.address}/webhook", params=query, data=body.encode()) as answer:
            return answer.status, await answer.text()

    async def echo(self, server: Running, text: str) -> tuple[int, str]:
        encrypted = self.encrypted(text)
        query = {**self.sign(encrypted), "echostr": encrypted}
        async with self.http.get(f"{server.address}/webhook", params=query) as answer:
            return answer.status, await answer.text()

    async def knock(self, server: Running, at: float = 0.0, account: str = ACCOUNT) -> tuple[int, str]:
        token = f"ENC{uuid.uuid4().hex}"
        self.knocks[token] = at or time.time()
        xml = (
            f"<xml><ToUserName>{CORP}</ToUserName><CreateTime>{int(at or time.time())}</CreateTime>"
            f"<MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token>{token}</Token>"
            f"<OpenKfId>{account}</OpenKfId></xml>"
        )
        return await self.post(server, xml)

    def say(self, kind: str = "text", *, customer: str = CUSTOMER, **content: Any) -> dict[str, Any]:
        """A customer's message that `sync_msg` will give."""
        message = {
            "msgid": uuid.uuid4().hex,
            "open_kfid": ACCOUNT,
            "external_userid": customer,
            "send_time": int(time.time()),
            "origin": 3,
            "msgtype": kind,
            kind: content,
        }
        self.kf.append(message)
        return message

    def happen(self, name: str, **content: Any) -> None:
        """An event that `sync_msg` will give."""
        event = {"event_type": name, "open_kfid": ACCOUNT, "external_userid": CUSTOMER, **content}
        self.kf.append(
            {"msgid": uuid.uuid4().hex, "send_time": int(time.time()), "origin": 4, "msgtype": "event", "event": event}
        )


def message(kind: str, **fields: Any) -> str:
    given = {"ToUserName": CORP, "FromUserName": "zhangsan", "CreateTime": int(time.time()), "MsgType": kind, **fields}
    return "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in given.items()) + "</xml>"
