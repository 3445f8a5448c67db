"""微信客服's connector: `bot.channels.wechat_kf.WeChatKf` in credentials.yml."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Literal

from rasa.core.channels.channel import InputChannel
from sanic.request import Request
from sanic.response import HTTPResponse, text

from bot.channels import shared
from bot.channels.aes import Envelope
from bot.channels.api import ApiError
from bot.channels.connector import Connector, body_of, query_of
from bot.channels.incoming import Incoming, Media
from bot.channels.options import read_options
from bot.channels.outgoing import Outgoing
from bot.channels.pictures import Pictures
from bot.channels.wechat_kf.client import KfApi, NotOurs, WindowClosed
from bot.channels.wechat_kf.protocol import BOT, ENDED, NEW, QUEUE, Failure, SessionChange, read_knock, read_message
from bot.channels.wechat_kf.reader import Reader, token_of
from bot.channels.wechat_kf.render import messages_of
from bot.channels.wecom.channel import EncryptedOptions, with_uploads
from bot.channels.wecom.protocol import echo, open_body
from bot.conversations import Outgoing as Delivery
from bot.conversations import cancel, open_conversation

logger = logging.getLogger(__name__)

_MEDIA_SECONDS = 2.5 * 86400
_QUOTA = (5, 48 * 3600.0)
_WELCOME_SECONDS = 3600.0
_SESSION_ENDED = 3
_CLOSED = "顾客 48 小时内没有发过消息，或已连发 5 条，微信客服不允许再发；等顾客再来消息后重发"
_WITH_STAFF = "这位顾客正由企业微信里的接待人员接待，或会话已结束，接口不能发消息"


class KfOptions(EncryptedOptions):
    """`accounts` are the customer-service accounts (open_kfid) of this shop; messages of others are not read.

    `handover: wecom` moves a customer who waits for a person to the queue in WeCom; by default the desk serves them.
    """

    accounts: list[str]
    handover: Literal["desk", "wecom"] = "desk"


class WeChatKf(Connector):
    """Callbacks say that there is something; messages are read by cursor and answered by the API."""

    channel = "wechat_kf"
    routes = (("GET", "/webhook", "echo"), ("POST", "/webhook", "receive"))
    joins_texts = True

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls(read_options(KfOptions, "bot.channels.wechat_kf.WeChatKf", credentials))

    def __init__(self, options: KfOptions, **given: Any) -> None:
        super().__init__(options, **given)
        self._options = options
        self._envelope = Envelope(options.encoding_aes_key, options.corp_id)
        self._api = KfApi(options.api, options.corp_id, options.secret, self.url, "kf")
        self._reader = Reader(self.url, options.corp_id, self._api, self._handle)
        self._pictures = Pictures(
            self.url, f"kf:{options.corp_id}", options.public_url, _MEDIA_SECONDS, self._api.media.upload_image
        )
        self._reading: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] | None = None

    async def opened(self) -> None:
        self._unsubscribe = self.store.bus.subscribe({"owner"}, self._owner_changed)
        for account in self._options.accounts:  # what came while nobody listened, and knocks of a killed process
            self._spawn(self._read(account, ""))

    async def closed(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        await self._pictures.close()
        await self._api.close()

    async def echo(self, request: Request) -> HTTPResponse:
        """WeCom checks the address when it is entered in its console; the answer is the bare text."""
        return text(echo(self._options.token, self._envelope, query_of(request), self._options.window))

    async def receive(self, request: Request) -> HTTPResponse:
        """A knock: acknowledged at once, read beside. A process killed in between reads when it starts again."""
        query, body = query_of(request), await body_of(request)
        knock = read_knock(open_body(self._options.token, self._envelope, query, body, self._options.window))
        if knock is not None:
            accounts = [knock.account] if knock.account in self._options.accounts else []
            for account in accounts or ([] if knock.account else self._options.accounts):
                self._spawn(self._read(account, token_of(knock.token, knock.at)))
        return text("success")

    def _spawn(self, job: Any) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, account: str, token: str) -> None:
        wait = 5.0
        while True:
            try:
                return await self._reader.read(account, token)
            except ApiError as error:
                logger.warning("Messages of %s cannot be read: %s", account, error)
                if not error.again:
                    return
            except Exception:
                logger.exception("Messages of %s cannot be read", account)
            await asyncio.sleep(wait)
            wait = min(2 * wait, 300.0)

    async def _handle(self, entry: Any) -> None:
        found = read_message(entry)
        if isinstance(found, Incoming):
            account = self._account(str(found.address["account"]), found.customer)
            if found.kind != "event":
                await asyncio.to_thread(shared.grant_quota, self.url, f"kf:{account}", *_QUOTA)
            await self.accept(found, account)
        elif isinstance(found, SessionChange) and found.kind == _SESSION_ENDED:
            await asyncio.to_thread(self._back_to_bot, self._account(found.account, found.customer))
        elif isinstance(found, Failure):
            logger.warning("微信客服没有送达消息 %s，原因代码 %s", found.delivery, found.reason)

    @staticmethod
    def _account(account: str, customer: str) -> str:
        return f"{account}:{customer}"[:128]

    def _back_to_bot(self, account: str) -> None:
        """The servicers in WeCom are done with the customer."""
        if self._options.handover == "wecom":
            cancel(self.store, open_conversation(self.store, self.channel, account))

    def _owner_changed(self, _topic: str, data: dict[str, Any]) -> None:
        if self._options.handover == "wecom" and data.get("channel") == self.channel and data.get("owner") == "waiting":
            self._spawn(self._hand_over(data["conversation"]))

    async def _hand_over(self, conversation: str) -> None:
        address = await asyncio.to_thread(self._address_of, conversation)
        key = f"kf:handover:{conversation}:{address.get('customer')}"
        if not address or not await asyncio.to_thread(shared.first_time, self.url, key, 10.0):
            return  # another process does it
        try:
            await self._api.transfer(str(address["customer"]), str(address["account"]), QUEUE)
        except ApiError as error:
            logger.error("会话没有转到企业微信的接待池：%s。请检查接待人员和会话分配设置", error)

    def _address_of(self, conversation: str) -> dict[str, Any]:
        from bot.conversations.tables import Conversation

        with self.store.reading() as session:
            row = session.get(Conversation, conversation)
            return dict(row.address or {}) if row is not None else {}

    async def deliver(self, delivery: Delivery, outgoing: Outgoing) -> str | None:
        customer, account = str(delivery.address["customer"]), str(delivery.address["account"])

        async def send(part: dict[str, Any], key: str) -> None:
            ready = await with_uploads(part, self._pictures)
            if ready is None or await self._welcomed(delivery, ready, key):
                return
            if not await asyncio.to_thread(shared.take_quota, self.url, f"kf:{self._account(account, customer)}"):
                raise WindowClosed(_CLOSED)
            try:
                await self._send(customer, account, key, ready)
            except WindowClosed as error:
                raise WindowClosed(f"{_CLOSED}（{error}）", code=error.code) from None

        await self.remembered_parts(delivery, messages_of(outgoing), send)
        return delivery.key

    async def _send(self, customer: str, account: str, key: str, message: dict[str, Any]) -> None:
        try:
            await self._api.send_kf(customer, account, key, message)
        except NotOurs as refused:
            state = await self._api.state(customer, account)
            if state not in (NEW, ENDED):
                raise NotOurs(_WITH_STAFF, code=refused.code) from None
            await self._api.transfer(customer, account, BOT)
            await self._api.send_kf(customer, account, key, message)

    async def _welcomed(self, delivery: Delivery, message: dict[str, Any], key: str) -> bool:
        """Whether the message went as the welcome that each opening of the chat allows once."""
        code = str(delivery.address.get("welcome_code") or "")
        if not code or message["msgtype"] not in ("text", "msgmenu"):
            return False
        if not await asyncio.to_thread(shared.first_time, self.url, f"kf:welcome:{code}", _WELCOME_SECONDS):
            return False
        try:
            await self._api.welcome(code, key, message)
        except ApiError as error:
            if error.again:
                await asyncio.to_thread(shared.forget, self.url, f"kf:welcome:{code}")
                raise
            return False
        return True

    async def fetch(self, media: Media) -> bytes:
        content, _ = await self._api.media.fetch(media.reference, self.largest_media)
        return content
