"""The fake platforms seen alike: a customer writes or sends a picture; what came back, in the platform's own format."""

import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from fake_wecom import ACCOUNT, CUSTOMER, FakeWeCom, message
from serving import Platform, Running
from test_dingtalk import FakeDingTalk
from test_feishu import USER, FakeFeishu
from test_open_channel import Adapter
from test_wechat import FakeWeChat
from test_wechat import message as wechat_message

from bot.conversations import open_conversation


class Side(ABC):
    """One customer on one platform; `account` is theirs in the conversation store."""

    account: ClassVar[str]

    def __init__(self) -> None:
        self.platform: Any = self.begin()

    @staticmethod
    @abstractmethod
    def begin() -> Platform:
        """The fake platform, not started yet."""

    @abstractmethod
    def make(self, **given: Any) -> Any:
        """The connector."""

    @abstractmethod
    async def say(self, server: Running, text: str, identity: str = "") -> None:
        """The customer writes; the same `identity` is the same message delivered again."""

    @abstractmethod
    async def show(self, server: Running) -> None:
        """The customer sends a picture."""

    @abstractmethod
    def told(self) -> list[str]:
        """The words of each text that reached the customer, read as the platform shows it; others fail."""

    def conversation(self, server: Running) -> str:
        """Its id in the server's store."""
        return open_conversation(server.store, server.connector.channel, self.account)


class WeChatSide(Side):
    account, begin = "oUser", FakeWeChat

    def make(self, **given: Any) -> Any:
        return self.platform.make(passive_seconds=0)(**given)

    async def say(self, server: Running, text: str, identity: str = "") -> None:
        await self.platform.post(server, self.platform.text(text, _digits(identity)))

    async def show(self, server: Running) -> None:
        xml = wechat_message("image", PicUrl="http://x.example.com", MediaId="PHOTO", MsgId=_digits())
        await self.platform.post(server, xml)

    def told(self) -> list[str]:
        return [_text(sent, self.account) for sent in self.platform.sent]


class WeComSide(Side):
    account, begin = "zhangsan", FakeWeCom

    def make(self, **given: Any) -> Any:
        return self.platform.app_channel()(**given)

    async def say(self, server: Running, text: str, identity: str = "") -> None:
        xml = message("text", Content=text, MsgId=_digits(identity), AgentID=1000002)
        assert (await self.platform.post(server, xml))[0] == 200

    async def show(self, server: Running) -> None:
        xml = message("image", PicUrl="http://x.example.com", MediaId="PHOTO", MsgId=_digits(), AgentID=1000002)
        assert (await self.platform.post(server, xml))[0] == 200

    def told(self) -> list[str]:
        return [_text(sent, self.account) for sent in self.platform.sent]


class WeChatKfSide(Side):
    account, begin = f"{ACCOUNT}:{CUSTOMER}", FakeWeCom
    handover = "desk"

    def make(self, **given: Any) -> Any:
        return self.platform.kf_channel(handover=self.handover)(**given)

    async def say(self, server: Running, text: str, identity: str = "") -> None:
        if not identity or identity not in {entry["msgid"] for entry in self.platform.kf}:
            self.platform.say(content=text)
            self.platform.kf[-1]["msgid"] = identity or self.platform.kf[-1]["msgid"]
        assert (await self.platform.knock(server))[0] == 200

    async def show(self, server: Running) -> None:
        self.platform.say("image", media_id="PHOTO")
        assert (await self.platform.knock(server))[0] == 200

    def told(self) -> list[str]:
        return [_text(sent, CUSTOMER) for sent in self.platform.sent]


class FeishuSide(Side):
    account, begin = USER, FakeFeishu

    def make(self, **given: Any) -> Any:
        return self.platform.make(**given)

    async def say(self, server: Running, text: str, identity: str = "") -> None:
        status, _ = await self.platform.say(server, text, event_id=identity or uuid.uuid4().hex)
        assert status == 200

    async def show(self, server: Running) -> None:
        assert (await self.platform.say(server, {"image_key": "img_v3_1"}, "image"))[0] == 200

    def told(self) -> list[str]:
        for sent in self.platform.sent:
            assert (sent["msg_type"], sent["to"], sent["receive_id"]) == ("text", "open_id", USER)
        return [sent["content"]["text"] for sent in self.platform.sent]


class DingTalkSide(Side):
    account, begin = "staff1", FakeDingTalk

    def make(self, **given: Any) -> Any:
        return self.platform.make()(**given)

    async def say(self, server: Running, text: str, identity: str = "") -> None:
        more = {"msgId": identity} if identity else {}
        assert await self.platform.say(server, text, **more) == 200

    async def show(self, server: Running) -> None:
        assert await self.platform.say(server, msgtype="picture", content={"downloadCode": "DC"}) == 200

    def told(self) -> list[str]:
        return [_text(sent) for sent in self.platform.by_session]


class OpenSide(Side):
    account, begin = "taobao:buyer1", Adapter

    def make(self, **given: Any) -> Any:
        return self.platform.make(**given)

    async def say(self, server: Running, text: str, identity: str = "") -> None:
        assert (await self.platform.say(server, text, identity=identity))[0] in (200, 202)

    async def show(self, server: Running) -> None:
        url = f"{self.platform.base}/photo.jpg"
        assert (await self.platform.say(server, type="image", image={"url": url}))[0] in (200, 202)

    def told(self) -> list[str]:
        return list(self.platform.words)


SIDES: dict[str, Callable[[], Side]] = {
    "wechat": WeChatSide,
    "wechat_kf": WeChatKfSide,
    "wecom": WeComSide,
    "feishu": FeishuSide,
    "dingtalk": DingTalkSide,
    "open": OpenSide,
}


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[Side]:
    """The side `name` with its platform running."""
    side = SIDES[name]()
    await side.platform.start()
    try:
        yield side
    finally:
        await side.platform.stop()


def _digits(identity: str = "") -> str:
    """A MsgId as Tencent writes them: of digits, always the same for an `identity`."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, identity or uuid.uuid4().hex).int % 10**16)


def _text(sent: dict[str, Any], to: str = "") -> str:
    assert sent["msgtype"] == "text" and sent.get("touser", "") == to
    return str(sent["text"]["content"])
