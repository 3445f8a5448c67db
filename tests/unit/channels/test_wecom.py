"""The WeCom app against a fake WeCom."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fake_wecom import FakeWeCom, message
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage
from serving import until

from bot.channels.checks import Refused
from bot.channels.options import read_options
from bot.channels.outgoing import from_content
from bot.channels.wecom.channel import WeComOptions
from bot.channels.wecom.protocol import read
from bot.channels.wecom.render import messages_of
from bot.settings import SettingsError


@pytest.fixture
async def wecom() -> AsyncIterator[FakeWeCom]:
    made = FakeWeCom()
    await made.start()
    yield made
    await made.stop()


def text(content: str, identity: str = "") -> str:
    return message("text", Content=content, MsgId=identity or str(uuid.uuid4().int % 10**16), AgentID=1000002)


async def offer(asked: UserMessage) -> None:
    if asked.text.startswith("/"):
        await asked.output_channel.send_response(asked.sender_id, {"text": f"收到{asked.text}"})
        return
    buttons = [{"title": "是的", "payload": "/affirm"}, {"title": "不用了", "payload": "/deny"}]
    await asked.output_channel.send_response(asked.sender_id, {"text": "下单吗？\n共 99 元", "buttons": buttons})


async def test_the_address_is_verified_with_the_bare_text(wecom: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(wecom.app_channel())
    began = time.monotonic()
    assert await wecom.echo(server, "1616140317555161061") == (200, "1616140317555161061")
    assert time.monotonic() - began < 1


async def test_a_conversation_by_template_card(wecom: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(wecom.app_channel(), offer)
    assert await wecom.post(server, text("买")) == (200, "")
    await until(lambda: wecom.sent)
    card = wecom.sent[0]["template_card"]
    assert wecom.sent[0]["touser"] == "zhangsan" and card["main_title"] == {"title": "下单吗？"}
    assert [b["key"] for b in card["button_list"]] == ["/affirm", "/deny"]
    press = message(
        "event",
        Event="template_card_event",
        EventKey=card["button_list"][1]["key"],
        TaskId=card["task_id"],
        CardType="button_interaction",
        ResponseCode="RC1",
        AgentID=1000002,
    )
    for _ in range(3):
        assert (await wecom.post(server, press))[0] == 200
    await until(lambda: len(wecom.sent) == 2 and wecom.updates)
    assert wecom.sent[1]["text"]["content"] == "收到/deny"
    assert [(u["response_code"], u["button"]["replace_name"]) for u in wecom.updates] == [("RC1", "不用了")]
    assert server.heard == ["买", "/deny"]
    await wecom.post(server, press.replace("/deny", "/inform{}").replace("RC1", "RC2"))
    await asyncio.sleep(0.2)
    assert server.heard == ["买", "/deny"]  # nobody offered that


async def test_three_deliveries_give_one_answer(wecom: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(wecom.app_channel())
    xml = text("在吗", "42")
    await asyncio.gather(*(wecom.post(server, xml) for _ in range(3)))
    await until(lambda: wecom.sent)
    await asyncio.sleep(0.3)
    assert len(wecom.sent) == len(server.heard) == 1


async def test_forged_late_and_damaged(wecom: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(wecom.app_channel())
    assert (await wecom.post(server, text("x"), msg_signature="0" * 40))[0] == 403
    assert (await wecom.post(server, text("x"), timestamp="1409735669"))[0] == 403
    query, encrypted = wecom.last
    for damaged in ("", "!", encrypted[:-4], encrypted[:44], "A" * 64):
        signed = wecom.sign(damaged)
        assert (await wecom.post_raw(server, damaged, signed))[0] in (400, 403)
        assert (await wecom.post_raw(server, damaged, query))[0] == 403
    assert (await wecom.post_raw(server, "x" * 100_000, query))[0] == 413
    assert (await wecom.echo(server, "ok"))[0] == 200
    async with wecom.http.get(f"{server.address}/webhook", params={"echostr": "x"}) as answer:
        assert answer.status == 403
    assert server.heard == []


async def test_an_expired_token_and_a_busy_platform(wecom: FakeWeCom, running: Callable[..., Any]) -> None:
    server = await running(wecom.app_channel())
    await wecom.post(server, text("一"))
    await until(lambda: len(wecom.sent) == 1)
    wecom.token = "OTHER"
    await wecom.post(server, text("二"))
    await until(lambda: len(wecom.sent) == 2)
    assert wecom.tokens == 2
    wecom.errors = [-1]
    await wecom.post(server, text("三"))
    await until(lambda: len(wecom.sent) == 3)
    assert wecom.sent[2]["enable_duplicate_check"] == 1 and "enable_duplicate_check" not in wecom.sent[1]


def test_too_many_or_too_long_choices_become_numbers() -> None:
    buttons = [{"title": f"第{n}款", "payload": f"/p{n}"} for n in range(1, 9)]
    many = from_content({"text": "哪款？", "quick_replies": buttons})
    assert many is not None
    (only,) = messages_of(many, "t")
    assert only["text"]["content"].endswith("8. 第8款")
    long = from_content({"text": "哪款？", "quick_replies": [{"title": "这款", "payload": "/p" + "x" * 1100}]})
    assert long is not None
    assert messages_of(long, "t")[0]["msgtype"] == "text"
    cards = [
        {"title": "甲", "url": "https://s.example.com/1", "price": "¥1"},
        {"title": "乙", "url": "https://s.example.com/2"},
    ]
    linked = from_content({"text": "看看", "custom": {"cards": cards}})
    assert linked is not None
    assert [m["msgtype"] for m in messages_of(linked, "t")] == ["text", "news"]


@pytest.mark.parametrize("wrong", [{"agent_id": "x"}, {"encoding_aes_key": "short"}, {"token": ""}, {"corp_id": None}])
def test_wrong_credentials_are_named(wrong: dict[str, Any]) -> None:
    given_options = {"corp_id": "ww", "secret": "s", "token": "t", "encoding_aes_key": "a" * 43, "agent_id": 1, **wrong}
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        read_options(WeComOptions, "bot.channels.wecom.WeCom", given_options)


NAMES = ["FromUserName", "MsgType", "CreateTime", "MsgId", "Content", "Event", "EventKey", "TaskId", "ResponseCode"]
VALUES = st.sampled_from(["text", "event", "template_card_event", "click", "1700000000"]) | st.text(max_size=15)


@fuzzed
@given(st.dictionaries(st.sampled_from(NAMES), VALUES | st.dictionaries(st.text(max_size=2), VALUES, max_size=2)))
def test_any_fields_are_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        assert read(fields).external_id
    except Refused:
        return
