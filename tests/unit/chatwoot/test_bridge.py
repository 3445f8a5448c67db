"""Hand-over to Chatwoot and back: in order, once each, over faults and crashes."""

import random

import pytest
from conftest import House, endpoint
from fake import Chatwoot

from bot import conversations
from bot.chatwoot import sending
from bot.chatwoot.bridge import Bridge
from bot.chatwoot.client import Client
from bot.conversations import Request, Store


async def handed_over(house: House, *texts: str) -> str:
    await house.settle(1)
    chat = house.chat("我的手机坏了", *texts)
    note = {"text": "我的手机坏了", "collected": {"order_number": "DX1"}, "emotion": "angry"}
    conversations.request_person(house.store, chat, Request("request_human", note=note))
    await house.settle()
    return chat


async def test_the_whole_story(house: House, chatwoot: Chatwoot) -> None:
    chat = await handed_over(house)
    remote = house.remote(chat)
    assert chatwoot.conversations[remote]["status"] == "open"
    (note,) = chatwoot.notes(remote)
    assert "DX1" in note and "顾客：我的手机坏了" in note and "angry" in note
    for n in range(3):
        conversations.receive(house.store, chat, {"text": f"在吗{n}"}, client_id=f"c{n}", request={"text": "x"})
    await house.settle()
    assert chatwoot.said(remote) == ["在吗0", "在吗1", "在吗2"]
    assert conversations.owner_of(house.store, chat) == "waiting"

    chatwoot.add(remote, "您好，我看看")
    chatwoot.add(remote, "内部的话", private=True)
    chatwoot.add(remote, "Assigned to 小林", message_type=2, sender=None)
    for _ in range(3):  # a webhook that comes again and again
        house.webhook(chat)
        await house.settle(3)
    assert house.log(chat, "agent") == ["您好，我看看"]
    assert "小林" in house.log(chat, "system")[-1]
    assert conversations.owner_of(house.store, chat) == "agent"
    assert conversations.receive(house.store, chat, {"text": "好"}, request={"text": "好"}).route == "person"
    assert len(conversations.take_outgoing(house.store, "wechat", conversations.new_worker())) == 1

    chatwoot.add(remote, "寄来修就行")
    chatwoot.conversations[remote]["status"] = "resolved"
    house.webhook(chat)
    await house.settle()
    assert house.log(chat, "agent") == ["您好，我看看", "寄来修就行"]
    assert conversations.owner_of(house.store, chat) == "closed"
    assert chatwoot.said(remote) == ["在吗0", "在吗1", "在吗2", "好"]

    # A second time: the same conversation there, opened again; the old "resolved" closes nothing.
    house.chat("又坏了")
    conversations.request_person(house.store, chat, Request("request_human"))
    house.webhook(chat)
    await house.settle()
    assert conversations.owner_of(house.store, chat) == "waiting" and chatwoot.conversations[remote]["status"] == "open"
    assert len(chatwoot.notes(remote)) == 3 and len(chatwoot.conversations) == 1

    chatwoot.conversations[remote]["status"] = "pending"
    house.webhook(chat)
    await house.settle()
    assert conversations.owner_of(house.store, chat) == "bot"
    assert conversations.receive(house.store, chat, {"text": "你好"}, request={"text": "你好"}).route == "bot"
    await house.settle()
    assert "你好" not in chatwoot.said(remote)


async def test_who_does_not_want_to_wait_leaves_chatwoot_too(house: House, chatwoot: Chatwoot) -> None:
    chat = await handed_over(house)
    conversations.cancel(house.store, chat)
    await house.settle()
    assert chatwoot.conversations[house.remote(chat)]["status"] == "pending"
    assert "回到机器人" in chatwoot.notes(house.remote(chat))[-1]


@pytest.mark.parametrize("fault", [500, 429, 401, 0.6])
async def test_faults_lose_nothing_and_repeat_nothing(house: House, chatwoot: Chatwoot, fault: float) -> None:
    for call in ("/contacts", "POST /api/v1/accounts/7/conversations", "/toggle_status", "/messages"):
        chatwoot.faults[call] = [fault, fault] if call != "/messages" else [fault, fault, fault]
    chat = await handed_over(house)
    remote = house.remote(chat)
    for n in range(3):
        chatwoot.faults["/messages"] = [fault]
        conversations.receive(house.store, chat, {"text": f"第{n}句"}, client_id=f"c{n}")
        conversations.receive(house.store, chat, {"text": "在吗"}, client_id=f"same{n}")
        await house.settle(8)
    assert chatwoot.said(remote) == ["第0句", "在吗", "第1句", "在吗", "第2句", "在吗"]
    assert len(chatwoot.notes(remote)) == len(chatwoot.contacts) == len(chatwoot.conversations) == 1


async def test_what_it_refuses_is_skipped(house: House, chatwoot: Chatwoot) -> None:
    chat = await handed_over(house)
    chatwoot.faults["/messages"] = []
    chatwoot.faults[f"POST /api/v1/accounts/7/conversations/{house.remote(chat)}/messages"] = [422]
    conversations.receive(house.store, chat, {"text": "不行的"})
    conversations.receive(house.store, chat, {"text": "下一句"})
    await house.settle()
    assert chatwoot.said(house.remote(chat)) == ["下一句"]


async def test_a_conversation_deleted_there_is_made_anew(house: House, chatwoot: Chatwoot) -> None:
    chat = await handed_over(house)
    chatwoot.conversations.pop(house.remote(chat))
    conversations.receive(house.store, chat, {"text": "还在吗"})
    await house.settle()
    assert chatwoot.said(house.remote(chat)) == ["还在吗"]


async def test_killed_between_any_two_steps(house: House, chatwoot: Chatwoot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies at random before or after a step was written down; another one goes on."""
    dice, names = random.Random(5), ["_arrived", "_remote"]

    class Killed(BaseException):
        pass

    for name in names:
        real = getattr(sending, name)
        if name == "_arrived":

            def arrived(*a: object, real: object = real) -> None:
                if dice.random() < 0.4:
                    raise Killed
                real(*a)  # type: ignore[operator]

            monkeypatch.setattr(sending, name, arrived)
    expected = []
    chat = None
    for n in range(8):
        if chat is None:
            chat = house.chat("坏了")
            conversations.request_person(house.store, chat, Request("request_human"))
        else:
            conversations.receive(house.store, chat, {"text": "在吗"}, client_id=f"c{n}")
            expected.append("在吗")
        for _ in range(12):
            try:
                async with Client(house.endpoint) as client:
                    await house.bridge.step(client)
            except Killed:
                from bot.chatwoot import parcels

                parcels.let_go(house.store, house.bridge._worker)
                house.bridge = Bridge(house.store, house.endpoint)
            house.hurry()
    assert chatwoot.said(house.remote(chat)) == expected
    assert len(chatwoot.notes(house.remote(chat))) == len(chatwoot.conversations) == 1


async def test_one_process_at_a_time(house: House, chatwoot: Chatwoot) -> None:
    await house.settle(1)
    other = Bridge(house.store, house.endpoint)
    chat = house.chat("坏了")
    conversations.request_person(house.store, chat, Request("request_human"))
    await house.settle(3, bridge=other)
    assert not chatwoot.conversations


async def test_a_wrong_token_keeps_everything(store: Store, house: House, chatwoot: Chatwoot) -> None:
    right, house.endpoint = house.endpoint, endpoint(house.endpoint.url, token="wrong")
    await house.settle(1)
    chat = house.chat("坏了")
    conversations.request_person(store, chat, Request("request_human"))
    await house.settle(4)
    assert not chatwoot.contacts
    house.endpoint = right
    await house.settle()
    assert len(chatwoot.notes(house.remote(chat))) == 1
