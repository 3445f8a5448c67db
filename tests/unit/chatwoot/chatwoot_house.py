"""A bridge between a store and a server in Chatwoot's place, moved step by step."""

import time
from pathlib import Path
from typing import Any

from chatwoot_server import ACCOUNT, INBOX, SECRET, TOKEN, Chatwoot

from bot import conversations
from bot.chatwoot import looking
from bot.chatwoot.bridge import Bridge
from bot.chatwoot.client import Client
from bot.chatwoot.pictures import Pictures
from bot.chatwoot.tables import Erasure, Link, Parcel
from bot.chatwoot_settings import DeskEndpoint
from bot.conversations import Request, Store

LARGEST = 64 * 1024  # bytes of a picture


def endpoint(url: str, **more: Any) -> DeskEndpoint:
    values = {"account_id": ACCOUNT, "inbox_id": INBOX, "token": TOKEN, "webhook_secret": SECRET, "timeout": 0.3}
    return DeskEndpoint(type="chatwoot", url=url, **(values | more))


class House:
    """`settle` runs a bridge until nothing is due, and makes what waits for later due now."""

    def __init__(self, store: Store, where: DeskEndpoint, chatwoot: Chatwoot, var: Path) -> None:
        self.store, self.endpoint, self.chatwoot, self.var = store, where, chatwoot, var
        self.bridge = self.new_bridge()
        conversations.save_agent(store, "chatwoot", "人工客服", capacity=1000)

    def new_bridge(self) -> Bridge:
        return Bridge(self.store, self.endpoint, Pictures(self.var, LARGEST, "salt"))

    def chat(self, *texts: str, account: str = "customer") -> str:
        chat = conversations.open_conversation(self.store, "wechat", account, address={"to": account})
        for text in texts:
            conversations.receive(self.store, chat, {"text": text})
        return chat

    async def handed_over(self, *texts: str) -> str:
        await self.settle(1)
        chat = self.chat("我的手机坏了", *texts)
        note = {"text": "我的手机坏了", "collected": {"order_number": "DX1"}, "emotion": "angry"}
        conversations.request_person(self.store, chat, Request("request_human", note=note))
        await self.settle()
        return chat

    async def settle(self, rounds: int = 12, bridge: Bridge | None = None) -> None:
        async with Client(self.endpoint) as client:
            for _ in range(rounds):
                await (bridge or self.bridge).step(client)
                self.hurry()

    def hurry(self) -> None:
        with self.store.changing() as change:
            for row in change.session.query(Parcel).filter(Parcel.next_at > time.time()):
                row.next_at = 0.0
            for row in change.session.query(Erasure):
                row.next_at = 0.0
            for row in change.session.query(Link).filter(Link.look_at.is_not(None)):
                row.look_at = 1.0

    def remote(self, chat: str) -> int:
        with self.store.reading() as session:
            return int(session.get(Link, chat).remote_id)

    def webhook(self, chat: str) -> None:
        assert looking.note_news(self.store, self.remote(chat))

    def log(self, chat: str, author: str) -> list[str]:
        return [
            m.content.get("text") for m in conversations.history(self.store, chat, notes=True) if m.author == author
        ]

    def shown(self, chat: str, author: str) -> list[str]:
        """The paths of the pictures in an author's messages."""
        said = [m.content for m in conversations.history(self.store, chat, notes=True) if m.author == author]
        return [content["attachment"]["payload"]["src"] for content in said if "attachment" in content]
