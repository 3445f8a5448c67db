"""Hand-over to Chatwoot and back: in order, once each, over faults and crashes."""

import pytest
from chatwoot_house import House, endpoint
from chatwoot_server import BOT_TOKEN, OTHER_INBOX, Chatwoot

from bot import conversations
from bot.chatwoot.tables import Link
from bot.conversations import Request, Store
from bot.conversations.tables import Delivery, Message


async def test_the_whole_story(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
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
    await house.settle(2)

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
    chat = await house.handed_over()
    conversations.cancel(house.store, chat)
    await house.settle()
    assert chatwoot.conversations[house.remote(chat)]["status"] == "pending"
    assert "回到机器人" in chatwoot.notes(house.remote(chat))[-1]


@pytest.mark.parametrize("fault", [500, 429, 401, 0.6])
async def test_faults_lose_nothing_and_repeat_nothing(house: House, chatwoot: Chatwoot, fault: float) -> None:
    for call in ("/contacts", "POST /api/v1/accounts/7/conversations", "/toggle_status", "/messages"):
        chatwoot.faults[call] = [fault, fault] if call != "/messages" else [fault, fault, fault]
    chat = await house.handed_over()
    remote = house.remote(chat)
    for n in range(3):
        chatwoot.faults["/messages"] = [fault]
        conversations.receive(house.store, chat, {"text": f"第{n}句"}, client_id=f"c{n}")
        conversations.receive(house.store, chat, {"text": "在吗"}, client_id=f"same{n}")
        await house.settle(8)
    assert chatwoot.said(remote) == ["第0句", "在吗", "第1句", "在吗", "第2句", "在吗"]
    assert len(chatwoot.notes(remote)) == len(chatwoot.contacts) == len(chatwoot.conversations) == 1


async def test_what_it_refuses_is_skipped(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    chatwoot.faults["/messages"] = []
    chatwoot.faults[f"POST /api/v1/accounts/7/conversations/{house.remote(chat)}/messages"] = [422]
    conversations.receive(house.store, chat, {"text": "不行的"})
    conversations.receive(house.store, chat, {"text": "下一句"})
    await house.settle()
    assert chatwoot.said(house.remote(chat)) == ["下一句"]


async def test_a_conversation_deleted_there_is_made_anew(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    chatwoot.conversations.pop(house.remote(chat))
    conversations.receive(house.store, chat, {"text": "还在吗"})
    await house.settle()
    assert chatwoot.said(house.remote(chat)) == ["还在吗"]


async def test_one_process_at_a_time(house: House, chatwoot: Chatwoot) -> None:
    await house.settle(1)
    other = house.new_bridge()
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


async def test_a_contact_that_an_earlier_attempt_made_is_found(house: House, chatwoot: Chatwoot) -> None:
    """Made, but the answer was lost; and made in another inbox: neither is made twice."""
    await house.settle(1)
    chat = house.chat("坏了")
    inbox = {"source_id": "src-9", "inbox": {"id": OTHER_INBOX, "name": "别的"}}
    chatwoot.contacts[9] = {"id": 9, "name": "老顾客", "identifier": chat, "contact_inboxes": [inbox]}
    conversations.request_person(house.store, chat, Request("request_human"))
    await house.settle()
    (contact,) = chatwoot.contacts.values()
    assert [one["inbox"]["id"] for one in contact["contact_inboxes"]] == [OTHER_INBOX, 3]
    assert len(chatwoot.notes(house.remote(chat))) == 1


async def test_an_agent_bot_hands_over(house: House, chatwoot: Chatwoot) -> None:
    house.endpoint = endpoint(house.endpoint.url, bot_token=BOT_TOKEN)
    chat = await house.handed_over()
    remote = house.remote(chat)
    assert chatwoot.handoffs == [remote] and chatwoot.conversations[remote]["status"] == "open"
    chatwoot.conversations[remote]["status"] = "pending"
    house.webhook(chat)
    await house.settle()
    conversations.request_person(house.store, chat, Request("request_human"))
    await house.settle()
    assert chatwoot.handoffs == [remote, remote]


async def test_what_the_customer_says_while_it_is_resolved_opens_it_again(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    remote = house.remote(chat)
    chatwoot.add(remote, "好了吗")
    house.webhook(chat)
    await house.settle()
    chatwoot.conversations[remote]["status"] = "resolved"
    conversations.receive(house.store, chat, {"text": "还没好"}, request={"text": "还没好"})
    await house.settle()
    assert chatwoot.said(remote) == ["还没好"] and chatwoot.conversations[remote]["status"] == "open"
    assert conversations.owner_of(house.store, chat) == "agent"


async def test_what_an_agent_deleted_is_not_said(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    remote = house.remote(chat)
    chatwoot.add(remote, "This message was deleted", content_attributes={"deleted": True})
    chatwoot.add(remote, "您好")
    house.webhook(chat)
    await house.settle()
    assert house.log(chat, "agent") == ["您好"]


async def test_a_message_that_is_committed_late_is_heard(house: House, chatwoot: Chatwoot) -> None:
    """Chatwoot gives the id before the commit: one may appear after another with a higher id."""
    chat = await house.handed_over()
    remote = house.remote(chat)
    late = chatwoot.add(remote, "第一句")
    chatwoot.messages[remote].remove(late)
    chatwoot.add(remote, "第二句")
    house.webhook(chat)
    await house.settle(2)
    assert house.log(chat, "agent") == ["第二句"]
    chatwoot.messages[remote].append(late)
    house.webhook(chat)
    await house.settle(3)
    assert house.log(chat, "agent") == ["第二句", "第一句"]
    chatwoot.clock = 120.0
    for n in range(150):  # more than a page, all within a minute
        chatwoot.add(remote, f"第{n}句")
    for _ in range(2):
        house.webhook(chat)
        await house.settle(2)
    said = [m.content["text"] for m in conversations.history(house.store, chat, limit=500) if m.author == "agent"]
    assert said[2:] == [f"第{n}句" for n in range(150)]
    with house.store.reading() as session:
        link = session.get(Link, chat)
        assert link.seen_id >= late["id"] and late["id"] not in link.heard


async def test_what_was_archived_here_is_not_said_again(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    chatwoot.add(house.remote(chat), "您好")
    house.webhook(chat)
    await house.settle()
    with house.store.changing() as change:
        change.session.query(Delivery).delete()
        change.session.query(Message).filter(Message.author == "agent").delete()
    house.webhook(chat)
    await house.settle()
    assert house.log(chat, "agent") == []
