"""Interruptions, corrections, answers by data, complaints, two yes at once, and systems that are down or slow."""

import asyncio
import time
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import func, select

from actions.aftersale.order_flow import FLOWS
from bot.db import reading
from bot.shop import SystemDown, find_order
from bot.shop.adapters import systems
from bot.shop.service_tables import ProtectionRow, RefundRow, TicketRow
from tests.dialogue import Bot, Talk
from tests.unit.actions.test_aftersale_flows import YES, Customer, finished, order, said, tickets

RETURN = (f"{order(4)}想退货", "return_goods")


async def test_orders_are_told_by_list_and_one_by_one(customer: Customer) -> None:
    talk = customer()
    reply = await said(talk, ("我的订单", "check_order"))
    assert order(1) in reply.text and "待付款" in reply.text and len(reply.buttons) == 5
    reply = await said(talk, reply.buttons["山屿三合一冲锋衣（待发货）"])
    assert "已付款，等待发货，预计今日" in reply.text and "11月25日送达" in reply.text
    assert await finished(talk)


async def test_a_parcel_is_told_with_its_last_steps(customer: Customer) -> None:
    reply = await said(customer(), ("快递到哪了", "track_logistics"))
    steps = reply.text.split("\n")[1:]
    assert "运单号SL800000000003" in reply.text and "比预计的晚了" in reply.text
    assert steps[0].startswith("11月23日 07:30 到达上海转运中心") and steps[1].startswith("11月22日 17:00")


async def test_refunds_and_tickets_and_warranties(customer: Customer) -> None:
    talk = customer()
    reply = await said(talk, (f"{order(10)}退款到哪了", "ask_refund"))
    assert "取消订单 ¥699.00，退到微信支付：退款处理中，预计11月23日前到账" in reply.text
    assert "已到账" in (await said(talk, (f"{order(11)}的退款", "ask_refund"))).text
    assert "没有退款记录" in (await said(talk, (f"{order(4)}的退款", "ask_refund"))).text
    reply = await said(talk, ("售后审核到哪步了", "check_service_ticket"))
    assert "SH800000000028" in reply.text and "SH800000000029" in reply.text
    assert "没有查到这个服务单" in (await said(talk, ("SH800000000001呢", "check_service_ticket"))).text
    assert "三年，保到2029年" in (await said(talk, ("保修多久", "ask_warranty"))).text
    assert "iPhone 14的保修：全国联保一年" in (await said(talk, ("iPhone 14保修多久", "ask_warranty"))).text


async def test_who_has_no_number_is_told_where_it_stands(bot: Bot) -> None:
    talk = bot.talk()
    reply = await said(talk, ("快递到哪了", "track_logistics"), ("没有", "deny"))
    assert "付款短信" in reply.text and "转人工" in reply.buttons and await finished(talk)


async def test_urging_several_orders_asks_which_and_promises(customer: Customer, shop: str) -> None:
    talk = customer()
    reply = await said(talk, ("催一下", "urge_delivery"))
    assert "请问是哪一单" in reply.text and len(reply.buttons) == 2
    reply = await said(talk, ("空气炸锅那单", "inform"))
    (ticket,) = tickets(shop, kind="urge", order_no=order(3))
    assert ticket.no in reply.text and "明日10:00前一定给您处理" in reply.text


@pytest.mark.parametrize(
    ("text", "told"),
    [("禾电变频空调怎么安装", "安装：免费上门安装"), ("iPhone 14怎么激活", "随货说明书"), ("怎么装", "请问是哪款商品")],
)
async def test_help_comes_from_the_product_page(bot: Bot, text: str, told: str) -> None:
    assert told in (await said(bot.talk(), (text, "usage_help"))).text


@pytest.mark.parametrize(
    ("intent", "kind"),
    [("complain_logistics", "complaint"), ("complain_quality", "complaint"), ("give_suggestion", "suggestion")],
)
async def test_a_complaint_becomes_a_ticket(bot: Bot, shop: str, intent: str, kind: str) -> None:
    talk = bot.talk()
    reply = await said(talk, ("快递太慢了不满意", intent))
    (ticket,) = tickets(shop, kind=kind, account=talk.sender)
    assert ticket.no in reply.text and ticket.note == "快递太慢了不满意"


async def test_an_upset_customer_gets_a_person_and_a_ticket(customer: Customer, shop: str) -> None:
    talk = customer()
    await said(talk, RETURN, ("质量太差", "inform"))
    reply = await talk.say("你们什么态度", "complain_service", feeling=("impatient", 1))
    (ticket,) = tickets(shop, kind="complaint", account=talk.sender)
    assert ticket.no in reply.text and "转接" in reply.text and "原因：质量问题" in reply.text
    known = (await talk.slots())["handover"]["collected"]
    assert (known["order_number"], known["item"], known["reason"]) == (order(4), "P2008-01", "quality")
    assert await finished(talk)


# Interruptions and corrections


@pytest.mark.parametrize(
    ("aside", "answer"),
    [
        (("快递到哪了", "track_logistics"), "顺路速运"),
        (("退款到账了吗", "ask_refund"), "退款处理中"),
        (("你是机器人吗", "ask_bot"), "店小二"),
        (("阿巴阿巴", "nlu_fallback"), "没太明白"),
    ],
)
async def test_after_an_interruption_the_question_comes_back(customer: Customer, aside: Any, answer: str) -> None:
    for open_question, lines in (("原因", [RETURN]), ("要办几件", [RETURN, ("不想要了", "inform")])):
        if open_question == "原因" and aside[1] == "nlu_fallback":
            continue  # any words are a reason
        talk = customer()
        await said(talk, *lines)
        reply = await said(talk, aside)
        assert answer in reply.text and open_question in reply.messages[-1]["text"]


async def test_an_interruption_of_the_phone_check_comes_back(bot: Bot) -> None:
    talk = bot.talk()
    await said(talk, (f"取消{order(2)}", "cancel_order"))
    reply = await said(talk, ("你是机器人吗", "ask_bot"))
    assert "店小二" in reply.text and "后四位" in reply.messages[-1]["text"]
    assert "退¥599.00" in (await said(talk, ("0231", "inform"))).text


async def test_another_request_takes_over_with_the_order(customer: Customer, shop: str) -> None:
    talk = customer()
    await said(talk, RETURN)
    reply = await said(talk, ("还是换货吧", "exchange_goods"))
    assert "小满" not in reply.text and "素野羊毛混纺毛衣想换成哪一种" in reply.text
    assert await talk.active_form() == "exchange_form" and not tickets(shop, kind="return", order_no=order(4))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([(f"取消{order(1)}", "cancel_order"), ("不对，是另一个订单", "deny")], "请问是哪一单"),
        ([(f"取消{order(1)}", "cancel_order"), (f"不对，是{order(2)}", "deny")], f"订单{order(2)}"),
        ([(f"取消{order(1)}", "cancel_order"), ("弄错了", "deny")], "哪里不对"),
        (
            [(f"{order(1)}地址改成上海人民路100号", "change_order"), ("地址写错了", "inform")],
            "新的收货地址",
        ),
        (
            [(f"{order(1)}地址改成上海人民路100号", "change_order"), ("不对，改成杭州市西湖路20号", "change_order")],
            "改成：杭州西湖路20号",
        ),
        ([RETURN, ("不想要了", "inform"), ("1件", "inform"), ("原因不对", "deny")], "原因"),
        ([RETURN, ("不想要了", "inform"), ("1件", "inform"), ("不是，2件", "deny")], "退2件"),
        (
            [(f"{order(4)}开个人发票", "ask_invoice"), ("张三", "inform"), ("不用", "deny"), ("抬头写错了", "deny")],
            "抬头写什么",
        ),
    ],
)
async def test_corrections(customer: Customer, lines: list[Any], told: str) -> None:
    assert told in (await said(customer(), *lines)).text


async def test_the_order_is_named_by_place_by_digits_and_by_goods(customer: Customer) -> None:
    for words in ("第一个", "尾号0001", "T恤", "素野重磅纯棉T恤那单"):
        talk = customer()
        assert "哪一单" in (await said(talk, ("取消订单", "cancel_order"))).text
        assert order(1) in (await said(talk, (words, "inform"))).text, words


# Once


async def act(talk: Talk, form: str, slots: dict[str, Any]) -> str:
    dispatcher = CollectingDispatcher()
    said = {"event": "user", "input_channel": "rest", "timestamp": time.time()}
    await FLOWS[form]().run(dispatcher, Tracker(talk.sender, slots, {}, [said], False, None, {}, None), {})
    told = {name: value for name, value in dispatcher.messages[0].items() if name != "order_status"}
    return str(sorted(told.items(), key=str))


@pytest.mark.parametrize(
    ("text", "intent", "form", "table"),
    [
        (f"取消{order(2)}", "cancel_order", "cancel_form", RefundRow),
        (f"{order(15)}不想要了退货", "return_goods", "return_form", TicketRow),
        (f"{order(12)}换成512G 白色", "exchange_goods", "exchange_form", TicketRow),
        (f"{order(9)}补差价", "price_protection", "protection_form", ProtectionRow),
        (f"{order(15)}坏了怎么修", "ask_warranty", "repair_form", TicketRow),
    ],
)
async def test_two_yes_at_once_act_once(
    customer: Customer, shop: str, text: str, intent: str, form: str, table: Any
) -> None:
    talk = customer()
    await said(talk, (text, intent))
    slots = {**await talk.slots(), "confirmed": True}
    with reading(shop) as session:
        before = session.scalar(select(func.count()).select_from(table))
    told = await asyncio.gather(act(talk, form, slots), act(talk, form, slots))
    told += [await act(talk, form, slots)]
    with reading(shop) as session:
        assert session.scalar(select(func.count()).select_from(table)) == before + 1
    assert len(set(told)) == 1 and "utter_done" in told[0]


async def test_a_yes_to_another_offer_than_shown_asks_again(customer: Customer, shop: str) -> None:
    talk = customer()
    await said(talk, (f"{order(1)}地址改成上海人民路100号", "change_order"))
    slots = {**await talk.slots(), "confirmed": True, "new_address": "偷换路200号"}
    dispatcher = CollectingDispatcher()
    events = await FLOWS["change_form"]().run(
        dispatcher, Tracker(talk.sender, slots, {}, [], False, None, {}, None), {}
    )
    assert not dispatcher.messages and events[-1]["name"] == "change_form"
    assert find_order(shop, order(1)).address == "上海滨河路88号"


# Systems that are down


@pytest.fixture
def break_down(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`break_down("orders", "cancel")` lets a call fail; with `slow` it hangs instead."""

    def broken(system: str, call: str, slow: bool = False) -> None:
        async def fails(*_args: Any, **_values: Any) -> None:
            if slow:
                await asyncio.sleep(30)
            raise SystemDown(system, "测试")

        monkeypatch.setattr(type(getattr(systems(), system)), call, fails)

    return broken


async def test_down_at_the_yes_keeps_everything_for_a_call_back(customer: Customer, shop: str, break_down: Any) -> None:
    talk = customer()
    await said(talk, (f"{order(1)}地址改成上海人民路100号", "change_order"))
    break_down("orders", "change_address")
    reply = await said(talk, YES)
    assert "系统暂时连不上" in reply.text and set(reply.buttons) == {"再试一次", "转人工"}
    assert "11 位手机号" in (await said(talk, ("123456789", "inform"))).text
    reply = await said(talk, ("13800000000", "inform"))
    (ticket,) = tickets(shop, kind="callback", account=talk.sender)
    assert "今日12:00前会打13800000000" in reply.text and ticket.no in reply.text
    assert order(1) in ticket.note and "人民路100号" in ticket.note and await finished(talk)


async def test_once_more_goes_on_where_it_stopped(
    customer: Customer, shop: str, break_down: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = customer()
    await said(talk, (f"{order(1)}地址改成上海人民路100号", "change_order"))
    with monkeypatch.context() as context:

        async def fails(*_args: Any, **_values: Any) -> None:
            raise SystemDown("orders")

        context.setattr(type(systems().orders), "change_address", fails)
        reply = await said(talk, YES)
    reply = await said(talk, reply.buttons["再试一次"])
    assert "改成：上海人民路100号" in reply.text
    await said(talk, YES)
    assert find_order(shop, order(1)).address == "上海人民路100号"


@pytest.mark.parametrize(("system", "call"), [("crm", "identify"), ("orders", "mine")])
@pytest.mark.parametrize(("text", "intent"), [("我的订单", "check_order"), ("取消订单", "cancel_order")])
async def test_down_from_the_start(
    customer: Customer, break_down: Any, system: str, call: str, text: str, intent: str
) -> None:
    talk = customer()
    break_down(system, call)
    reply = await said(talk, (text, intent))
    assert "系统暂时连不上" in reply.text and reply.buttons["再试一次"] == f"/{intent}"
    assert "先不办了" in (await said(talk, ("不用了", "deny"))).text and await finished(talk)


async def test_down_in_the_middle_of_a_flow_leaves_the_flow(customer: Customer, break_down: Any) -> None:
    talk = customer()
    await said(talk, RETURN)
    break_down("logistics", "parcels")
    reply = await said(talk, ("快递到哪了", "track_logistics"))
    assert "系统暂时连不上" in reply.text and "原因" in reply.messages[-1]["text"]


async def test_another_question_ends_the_offer_of_a_call_back(customer: Customer, break_down: Any) -> None:
    talk = customer()
    break_down("orders", "mine")
    await said(talk, ("我的订单", "check_order"))
    reply = await said(talk, ("你是机器人吗", "ask_bot"))
    assert "店小二" in reply.text and "系统暂时连不上" not in reply.text and await finished(talk)


@pytest.mark.parametrize(("text", "intent"), [("我的订单", "check_order"), (f"取消{order(2)}", "cancel_order")])
async def test_nobody_waits_longer_than_three_seconds(
    customer: Customer, break_down: Any, text: str, intent: str
) -> None:
    talk = customer()
    break_down("crm", "identify", slow=True)
    began = time.monotonic()
    assert "系统暂时连不上" in (await said(talk, (text, intent))).text
    assert time.monotonic() - began < 6  # three seconds for the systems, the rest for Rasa
