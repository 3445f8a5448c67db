"""What is kept of me, erase it: asked in words or by button, confirmed, done, and only for the own account."""

from typing import Any

import pytest
from sqlalchemy import select, update

from bot.db import reading, writing
from bot.shop.customer_tables import PrivacyRow
from bot.shop.customers import identify
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderRow
from tests.dialogue import Bot, Talk

OWN = "C0233"


def come(bot: Bot, shop: str, customer: str = OWN) -> Talk:
    talk = bot.talk()
    with writing(shop) as session:
        session.add(AccountRow(channel="rest", account=talk.sender, customer_id=customer))
    return talk


def audits(shop: str) -> list[Any]:
    with reading(shop) as session:
        return list(session.execute(select(PrivacyRow.customer_id, PrivacyRow.action)))


async def test_what_is_kept_is_shown_in_plain_words(bot: Bot, shop: str) -> None:
    reply = await come(bot, shop).say("你们存了我什么信息", "ask_bot", 0.4)
    assert "姓名 安**，手机 170****0233" in reply.text and "订单 5 笔" in reply.text and "VIP 客户" in reply.text
    assert "收货地址（最近一次）：北京****" in reply.text and "推荐：开着" in reply.text
    assert {"删除我的信息", "别再推荐"} <= set(reply.buttons) and audits(shop) == [(OWN, "shown")]


async def test_by_the_buttons_from_the_greeting_to_the_end(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    reply = await talk.press(await talk.say("你好", "greet"), "我的信息")
    reply = await talk.press(reply, "删除我的信息")
    assert "确定要删除吗" in reply.text and await talk.active_form() == "erase_form"
    reply = await talk.press(reply, "确定删除")
    assert "已经删除" in reply.text and identify(shop, "rest", talk.sender) is None
    assert await talk.active_form() is None and await talk.memory() == {}
    assert (OWN, "erased") in audits(shop)
    with reading(shop) as session:
        assert session.get(CustomerRow, OWN).name == "已删除"
    assert "没有关联顾客资料" in (await talk.say("你们存了我什么信息")).text


@pytest.mark.parametrize(("text", "intent"), [("不删了", "deny"), ("算了", "deny"), ("再见", "goodbye")])
async def test_whoever_does_not_confirm_keeps_everything(bot: Bot, shop: str, text: str, intent: str) -> None:
    talk = come(bot, shop)
    await talk.say("把我的信息删掉", "out_of_scope")
    assert "没有删除" in (await talk.say(text, intent)).text
    assert identify(shop, "rest", talk.sender) is not None and audits(shop) == []


async def test_an_unsure_or_later_yes_erases_nothing(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    await talk.say("把我的信息删掉")
    await talk.say("可以吗会不会影响订单？", "affirm", 0.6)
    await talk.say("你是谁", "ask_bot")
    assert identify(shop, "rest", talk.sender) is not None and await talk.active_form() == "erase_form"
    other = come(bot, shop)
    for payload in ("/affirm", '/affirm{"confirmed": true}', '/inform{"confirmed": true}'):
        await other.say(payload)
    assert identify(shop, "rest", other.sender) is not None


async def test_open_orders_come_first(bot: Bot, shop: str) -> None:
    with writing(shop) as session:
        session.execute(update(OrderRow).where(OrderRow.no == "DX800000000020").values(status="shipped"))
    talk = come(bot, shop)
    reply = await talk.say("把我的信息删掉")
    assert "订单 1 笔，售后 0 件" in reply.text and await talk.active_form() is None
    assert identify(shop, "rest", talk.sender) is not None


async def test_a_guest_sees_and_erases_nothing(bot: Bot, shop: str) -> None:
    talk = bot.talk()
    for text in ("你们存了我什么信息", "把我的信息删掉"):
        assert "没有关联顾客资料" in (await talk.say(text)).text
    assert await talk.active_form() is None and audits(shop) == []


async def test_other_things_out_of_scope_stay_so(bot: Bot, shop: str) -> None:
    reply = await bot.talk().say("帮我改会员密码", "out_of_scope")
    assert "不归店铺办理" in reply.text
    for payload in ('/out_of_scope{"account_request": "nonsense"}', '/out_of_scope{"account_request": ["show_data"]}'):
        assert (await come(bot, shop).say(payload)).text
