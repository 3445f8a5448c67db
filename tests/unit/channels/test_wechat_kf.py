"""微信客服 against a fake WeCom: knocks, cursors, states, welcome, limits."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fake_wecom import ACCOUNT, CUSTOMER, FakeWeCom
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage
from serving import Running, until

from bot.channels.outgoing import from_content
from bot.channels.wechat_kf.protocol import Failure, SessionChange, read_message
from bot.channels.wechat_kf.render import messages_of
from bot.conversations import Request, open_conversation, owner_of, request_person, say


@pytest.fixture
async def kf() -> AsyncIterator[FakeWeCom]:
    made = FakeWeCom()
    await made.start()
    yield made
    await made.stop()


def conversation_of(server: Running) -> str:
    return open_conversation(server.store, "wechat_kf", f"{ACCOUNT}:{CUSTOMER}")


async def test_a_knock_brings_all_pages(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(kf.kf_channel())
    for number in range(5):
        kf.say(content=f"第{number}句")
    began = time.monotonic()
    assert await kf.knock(server) == (200, "success")
    assert time.monotonic() - began < 1
    await until(lambda: len(kf.sent) == 5)
    assert [m["text"]["content"] for m in kf.sent] == [f"回：第{n}句" for n in range(5)]
    assert "c4" in kf.pages
    kf.say(content="再来")
    await kf.knock(server)
    await until(lambda: len(kf.sent) == 6)
    assert "c5" in kf.pages and kf.pages.count("") == 1  # the cursor goes on


async def test_the_cursor_survives_a_restart_and_what_came_meanwhile_is_read(
    kf: FakeWeCom, running: Callable[..., Any]
) -> None:
    first = await running(kf.kf_channel())
    kf.say(content="一")
    await kf.knock(first)
    await until(lambda: len(kf.sent) == 1)
    await first.stop()
    kf.say(content="二")  # its knock reaches nobody
    await running(kf.kf_channel())
    await until(lambda: len(kf.sent) == 2)
    assert [m["text"]["content"] for m in kf.sent] == ["回：一", "回：二"]
    assert kf.pages[-1] == "c1"


async def test_repeated_knocks_in_two_processes(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    one, two = await running(kf.kf_channel()), await running(kf.kf_channel())
    kf.say(content="在吗")
    await asyncio.gather(*(kf.knock(server) for server in (one, two, one, two)))
    await until(lambda: kf.sent)
    await asyncio.sleep(0.4)
    assert len(kf.sent) == 1 and len(one.heard) + len(two.heard) == 1


async def test_an_old_token_is_not_used(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(kf.kf_channel(window=0))
    kf.say(content="在吗")
    await kf.knock(server, at=time.time() - 700)
    await until(lambda: kf.sent)


async def test_at_the_first_start_old_messages_are_left_alone(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    kf.say(content="三天前")["send_time"] -= 2 * 86400
    kf.say(content="刚才")
    server = await running(kf.kf_channel())
    await until(lambda: kf.sent)
    await asyncio.sleep(0.2)
    assert server.heard == ["刚才"]


async def test_an_interrupted_page_is_read_again(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(kf.kf_channel())
    await until(lambda: kf.pages)
    kf.errors = [-1, 45009]
    kf.say(content="在吗")
    await kf.knock(server)
    await until(lambda: kf.sent, 12)


async def test_menus_come_back_by_id_and_by_words(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    long = '/inform{"sku":"' + "长" * 60 + '"}'

    async def offer(asked: UserMessage) -> None:
        buttons = [{"title": "是的", "payload": "/affirm"}, {"title": "这款", "payload": long}]
        await asked.output_channel.send_response(asked.sender_id, {"text": "下单吗？", "buttons": buttons})

    server = await running(kf.kf_channel(), offer)
    kf.say(content="买")
    await kf.knock(server)
    await until(lambda: kf.sent)
    entries = kf.sent[0]["msgmenu"]["list"]
    assert [e["click"]["content"] for e in entries] == ["是的", "这款"]
    assert all(len(e["click"]["id"].encode()) <= 128 for e in entries)
    for entry in entries:
        kf.say(content=entry["click"]["content"], menu_id=entry["click"]["id"])
        await kf.knock(server)
    await until(lambda: len(server.heard) == 3)
    assert server.heard == ["买", "/affirm", long]
    kf.say(content="假的", menu_id="/deny")
    await kf.knock(server)
    await until(lambda: len(server.heard) == 4)
    assert server.heard[-1] == "假的"


async def test_the_welcome_goes_by_its_code_once(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(kf.kf_channel())
    kf.happen("enter_session", scene="from_menu", welcome_code="WC1")
    await kf.knock(server)
    await until(lambda: kf.welcomes)
    assert kf.welcomes[0]["code"] == "WC1" and kf.welcomes[0]["text"]["content"] == "回：/greet"
    say(server.store, conversation_of(server), {"text": "提醒"})
    await asyncio.sleep(0.3)
    assert len(kf.welcomes) == 1 and kf.sent == []  # opening the chat allows nothing more
    kf.happen("enter_session", welcome_code="WC2")
    kf.say(content="在吗")
    await kf.knock(server)
    await until(lambda: kf.sent)
    assert len(kf.welcomes) == 1


async def test_five_messages(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(kf.kf_channel())
    kf.say(content="在吗")
    await kf.knock(server)
    await until(lambda: len(kf.sent) == 1)
    for number in range(6):
        say(server.store, conversation_of(server), {"text": f"提醒{number}"})
    await until(lambda: len(kf.sent) == 5)
    await asyncio.sleep(0.3)
    assert len(kf.sent) == 5


async def test_a_session_that_ended_is_opened_for_the_answer(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(kf.kf_channel())
    kf.states[CUSTOMER] = 4
    kf.say(content="在吗")
    await kf.knock(server)
    await until(lambda: kf.sent)
    assert kf.moves == [1]


async def test_customers_with_a_servicer_are_left_to_them(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(kf.kf_channel())
    kf.states[CUSTOMER] = 3
    kf.say(content="在吗")
    await kf.knock(server)
    await until(lambda: server.heard)
    await asyncio.sleep(0.3)
    assert kf.sent == [] and kf.moves == []


async def test_handover_to_wecoms_own_queue_and_back(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(kf.kf_channel(handover="wecom"))
    kf.say(content="转人工")
    await kf.knock(server)
    await until(lambda: kf.sent)
    conversation = conversation_of(server)
    request_person(server.store, conversation, Request(reason="asked"))
    await until(lambda: kf.moves == [2])
    kf.say(content="有人吗")
    await kf.knock(server)
    await asyncio.sleep(0.4)
    assert server.heard == ["转人工"]
    kf.states[CUSTOMER] = 4
    kf.happen("session_status_change", change_type=3, old_servicer_userid="li")
    await kf.knock(server)
    await until(lambda: owner_of(server.store, conversation) == "bot")
    kf.say(content="谢谢")
    await kf.knock(server)
    await until(lambda: server.heard[-1] == "谢谢")


async def test_forged_knocks_and_other_accounts(kf: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(kf.kf_channel())
    await until(lambda: kf.pages)
    count = len(kf.pages)
    assert (await kf.knock(server, account="wkOTHER"))[0] == 200
    assert (await kf.post(server, "<xml><Event>kf_msg_or_event</Event></xml>"))[0] == 400
    assert (await kf.post(server, "<xml><Event>other</Event></xml>"))[0] == 200
    assert (await kf.post(server, "<xml/>", msg_signature="0" * 40))[0] == 403
    await asyncio.sleep(0.2)
    assert len(kf.pages) == count


def test_servicers_words_and_failures() -> None:
    servicer = {
        "msgid": "1",
        "open_kfid": "a",
        "external_userid": "c",
        "origin": 5,
        "msgtype": "text",
        "text": {"content": "x"},
    }
    assert read_message(servicer) is None
    failure = {
        "msgid": "2",
        "msgtype": "event",
        "event": {
            "event_type": "msg_send_fail",
            "open_kfid": "a",
            "external_userid": "c",
            "fail_msgid": "m",
            "fail_type": 10,
        },
    }
    assert read_message(failure) == Failure("2", "c", "a", "m", 10)
    change = {
        "msgid": "3",
        "msgtype": "event",
        "event": {"event_type": "session_status_change", "external_userid": "c", "change_type": 3},
    }
    assert isinstance(read_message(change), SessionChange)


def test_long_menus_become_numbers() -> None:
    buttons = [{"title": f"第{n}款", "payload": f"/p{n}"} for n in range(12)]
    many = from_content({"text": "哪款？", "quick_replies": buttons})
    assert many is not None
    assert messages_of(many)[0]["text"]["content"].endswith("12. 第11款")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
ENTRY = st.dictionaries(
    st.sampled_from(
        [
            "msgid",
            "msgtype",
            "open_kfid",
            "external_userid",
            "origin",
            "send_time",
            "text",
            "event",
            "image",
            "location",
        ]
    ),
    ANY
    | st.sampled_from(["text", "event", "image", "location", 3])
    | st.fixed_dictionaries(
        {
            "event_type": st.sampled_from(["enter_session", "msg_send_fail", "x"]),
            "external_userid": ANY,
            "fail_type": ANY,
        }
    )
    | st.fixed_dictionaries({"content": ANY, "latitude": ANY, "media_id": ANY}),
)


@fuzzed
@given(ENTRY)
def test_any_entry_is_read(entry: dict[str, Any]) -> None:
    found = read_message(entry)
    assert found is None or found.customer
