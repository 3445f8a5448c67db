"""The sender when the machine's clock is set."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot import conversations
from bot.channel_settings import Channels
from bot.channels import sender
from bot.channels.api import ApiError
from bot.channels.sender import Sender
from bot.conversations import Store


class Platform:
    """Refuses the first delivery until an hour later, as a clock that is about to be set back has it."""

    def __init__(self) -> None:
        self.asked = 0

    async def deliver(self, delivery: Any, outgoing: Any) -> str:
        self.asked += 1
        if self.asked == 1:
            raise ApiError("busy", again=True, wait=3600)
        return "platform-1"


async def test_what_was_on_its_way_at_the_jump_is_hurried_too(
    store: Store, begin: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "_LOOK", 0.05)
    monkeypatch.setattr(sender, "_STILL_WRONG", 0.3)
    hurried: list[str] = []
    own = conversations.hurry
    monkeypatch.setattr(sender, "hurry", lambda store, channel: (hurried.append(channel), own(store, channel)))
    jumps = [True]
    conversations.say(store, begin(store, address={"openid": "o1"}), {"text": "您好"})
    platform = Platform()
    one = Sender(store, "test", Channels(), platform)
    monkeypatch.setattr(one._clock, "jumped", lambda: bool(jumps) and jumps.pop())
    await one.start()
    try:
        for _ in range(250):
            if platform.asked == 2:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
    finally:
        await one.stop()
    assert platform.asked == 2 and hurried == ["test", "test"]
