"""The shop's own entries beside its data and flows: each question is answered by the one that knows it best."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.phrases import domain
from actions.second_source import data_first
from bot.db import engine_for, reading, upgrade
from bot.knowledge import current_index, import_entries
from bot.knowledge.tables import AskedRow
from bot.settings import ROOT, get_settings
from tests.dialogue import Bot, Talk
from tests.unit.actions.test_aftersale_flows import Customer, finished, order, said, tickets

SOURCE = "依据："


@pytest.fixture(scope="session")
def entries(seeded_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's entries with their vectors, which take a while."""
    path = tmp_path_factory.mktemp("entries") / "knowledge.db"
    url, shop = f"sqlite:///{path}", f"sqlite:///{seeded_shop}"
    upgrade(url, "knowledge")
    assert import_entries(url, shop, sorted((ROOT / "data" / "knowledge").glob("*.json"))).rejected == []
    current_index(url, shop).get()
    with engine_for(url).connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine_for(url).dispose()
    return path


@pytest.fixture(autouse=True)
def shops_entries(entries: Path, shop: str, tmp_path: Path) -> Iterator[None]:
    shutil.copy(entries, tmp_path / "knowledge.db")
    yield
    engine_for(get_settings().knowledge_url).dispose()


def asked() -> list[tuple[str, str]]:
    with reading(get_settings().knowledge_url) as session:
        rows = session.scalars(select(AskedRow).order_by(AskedRow.seq))
        return [(row.text, row.outcome) for row in rows]


def test_every_intent_and_entry_of_the_file_exists() -> None:
    files = (ROOT / "data" / "knowledge").glob("*.json")
    ids = {entry["id"] for file in files for entry in json.loads(file.read_text("utf8"))}
    for intent, listed in data_first().items():
        assert intent in domain()["intents"] and listed <= ids, intent


RULES = [
    ("食品拆开了还能退吗", "return_goods", "申请退货"),
    ("退货的运费谁出", "return_goods", "申请退货"),
    ("换货要在几天内申请", "exchange_goods", "申请换货"),
    ("取消的订单能恢复吗", "cancel_order", "取消订单"),
    ("发货后还能改地址吗", "change_order", "改订单"),
    ("哪些情况不能价保", "price_protection", "申请补差价"),
    ("发票多久能收到", "ask_invoice", "开发票"),
    ("照片怎么拍", "report_item_problem", "登记问题"),
    ("下单可以写备注吗", "place_order", "现在下单"),
]


@pytest.mark.parametrize(("text", "intent", "title"), RULES)
async def test_who_only_asks_for_a_rule_is_answered_and_not_led_into_a_flow(
    customer: Customer, text: str, intent: str, title: str
) -> None:
    talk = customer()
    reply = await talk.say(text, intent)
    assert SOURCE in reply.text and len(reply.messages) == 1 and await finished(talk)
    began = await talk.press(reply, title)
    assert await talk.active_form() is not None and SOURCE not in began.text


@pytest.mark.parametrize(
    ("text", "intent", "form"),
    [
        ("怎么退货", "return_goods", "return_form"),
        ("我要退货", "return_goods", "return_form"),
        (f"{order(4)}退货运费谁出", "return_goods", "return_form"),
        ("没发货能取消吗", "cancel_order", "cancel_form"),
        ("改地址", "change_order", "change_form"),
        ("怎么开发票", "ask_invoice", "invoice_form"),
        ("买完就降价，能补差价吗", "price_protection", "protection_form"),
        ("少发了一件怎么办", "report_item_problem", "problem_form"),
        ("怎么下单", "place_order", "stock_form"),
    ],
)
async def test_what_a_flow_does_at_once_begins_it(customer: Customer, text: str, intent: str, form: str) -> None:
    talk = customer()
    reply = await talk.say(text, intent)
    assert SOURCE not in reply.text and await talk.active_form() == form


async def test_the_goods_asked_about_begin_the_flow(customer: Customer) -> None:
    talk = customer()
    reply = await talk.say("羊毛混纺毛衣剪了吊牌还能退吗", "return_goods")
    assert SOURCE in reply.text
    reply = await talk.press(reply, "申请退货")
    assert "原因" in reply.text and (await talk.slots())["order_number"] == order(4)


async def test_a_rule_asked_in_another_flow_leads_back_with_all_that_was_said(customer: Customer, shop: str) -> None:
    talk = customer()
    await said(talk, (f"{order(4)}想退货", "return_goods"), ("不想要了", "inform"))
    reply = await talk.say("发票多久能收到", "ask_invoice")
    assert SOURCE in reply.text and "要办几件" in reply.messages[-1]["text"] and "开发票" not in reply.buttons
    reply = await talk.say("退货的运费谁出", "return_goods")
    assert SOURCE in reply.text and "要办几件" in reply.messages[-1]["text"]
    await said(talk, ("1件", "inform"), ("是的", "affirm"))
    assert [row.reason for row in tickets(shop, kind="return", order_no=order(4))] == ["no_reason"]


async def test_a_rule_asked_in_the_middle_of_an_order(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("iPhone 14 256G有货吗", "ask_stock")
    reply = await talk.say("手机激活了还能退吗", "return_goods")
    assert SOURCE in reply.text and "您咨询的是iPhone 14 256G版本吗" in reply.messages[-1]["text"]


# Data first


@pytest.mark.parametrize(
    ("text", "intent", "told"),
    [
        ("我的订单", "check_order", "您最近的订单"),
        ("我的退款到哪了", "ask_refund", "退款处理中"),
        ("退款多久到账", "ask_refund", "退款处理中"),
        ("售后审核到哪步了", "check_service_ticket", "SH800000000028"),
        ("手机保修几年", "ask_warranty", "保到2029年"),
        ("快递到哪了", "track_logistics", "运单号"),
        ("iPhone 14保修多久", "ask_warranty", "全国联保一年"),
        ("iPhone 14防水吗", "ask_product_info", "IP68"),
        ("iPhone 14支持哪些付款方式", "ask_payment", "¥5,399.00"),
        ("iPhone 14是正品吗", "ask_authenticity", "授权"),
        ("现在有什么优惠活动", "ask_promotion", "现在的活动"),
    ],
)
async def test_what_the_data_knows_is_told_from_the_data(customer: Customer, text: str, intent: str, told: str) -> None:
    reply = await customer().say(text, intent)
    assert told in reply.text and SOURCE not in reply.text and asked() == []


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("可以买延保吗", "ask_warranty"),
        ("没有发票还能保修吗", "ask_warranty"),
        ("退款后优惠券会退回来吗", "ask_refund"),
        ("优惠券和满减能一起用吗", "ask_promotion"),
        ("怎么成为会员", "out_of_scope"),
        ("旧手机能以旧换新吗", "out_of_scope"),
        ("可以让别人代付吗", "ask_payment"),
        ("可以分期吗", "ask_payment"),
        ("满多少包邮", "ask_shipping_fee"),
        ("可以放驿站吗", "ask_delivery_method"),
        ("周末发货吗", "ask_delivery_time"),
        ("怎么验真伪", "ask_authenticity"),
        ("手机防水吗", "ask_product_info"),
        ("T恤偏大还是偏小", "ask_size"),
        ("显示签收了但我没收到", "track_logistics"),
    ],
)
async def test_what_the_data_does_not_know_is_told_from_an_entry(customer: Customer, text: str, intent: str) -> None:
    talk = customer()
    reply = await talk.say(text, intent)
    assert SOURCE in reply.text and "有用" in reply.buttons and len(reply.messages) == 1
    assert await talk.active_form() is None and asked() == [(text, "answered")]


async def test_goods_named_after_the_rule_are_told_from_the_data(bot: Bot) -> None:
    talk = bot.talk()
    assert SOURCE in (await talk.say("可以分期吗", "ask_payment")).text
    assert "免息" in (await talk.say("iPhone 14 256G", "inform")).text


async def test_a_rule_about_known_goods_that_their_page_does_not_hold(bot: Bot) -> None:
    talk = bot.talk()
    assert SOURCE in (await talk.say("牛肉干硬不硬", "ask_product_info")).text
    assert SOURCE in (await talk.say("付款安全吗", "ask_payment")).text


async def test_a_guest_gets_the_rule_and_is_asked_for_the_order(bot: Bot) -> None:
    talk = bot.talk()
    reply = await talk.say("退款多久到账", "ask_refund")
    assert SOURCE in reply.text and "订单号" in reply.messages[-1]["text"]
    assert await talk.active_form() == "lookup_form"
    assert SOURCE not in (await bot.talk().say("我的订单", "check_order")).text


async def test_what_nobody_knows_is_said_as_before(bot: Bot) -> None:
    reply = await bot.talk().say("忘记密码了", "out_of_scope")
    assert "不归店铺办理" in reply.text and asked() == [("忘记密码了", "none")]


async def test_a_question_that_its_flow_would_answer_is_asked_back(bot: Bot) -> None:
    reply = await bot.talk().say("我的退款到哪了", guesses={"ask_refund": 0.6, "return_goods": 0.2})
    assert SOURCE not in reply.text and "您是想问" in reply.text


# Near misses

FORMS: list[tuple[str, list[tuple[str, str]]]] = [
    ("stock_form", [("iPhone 14 256G有货吗", "ask_stock")]),
    ("size_form", [("冲锋衣穿多大", "ask_size")]),
    ("recommend_form", [("推荐点东西", "recommend_product")]),
    ("cancel_form", [(f"取消{order(2)}", "cancel_order")]),
    ("change_form", [(f"{order(1)}要改", "change_order")]),
    ("return_form", [(f"{order(4)}想退货", "return_goods"), ("不想要了", "inform")]),
    ("exchange_form", [(f"{order(4)}换一个", "exchange_goods")]),
    ("protection_form", [(f"{order(9)}补差价", "price_protection")]),
    ("invoice_form", [(f"{order(12)}开公司发票", "ask_invoice"), ("91350100M000100Y43", "inform")]),
    ("problem_form", [(f"{order(7)}收到的东西不太行", "report_item_problem")]),
    ("repair_form", [(f"{order(15)}坏了怎么修", "ask_warranty")]),
    ("withdraw_form", [("SH800000000029不退了", "check_service_ticket")]),
    ("erase_form", [("把我的信息删掉", "out_of_scope")]),
]


@pytest.fixture
def unsure(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on no entry is sure, and every question has near ones."""

    def make() -> None:
        monkeypatch.setattr(get_settings().operations.knowledge, "answer", 0.999999)
        monkeypatch.setattr(get_settings().operations.knowledge, "near", 1e-9)

    return make


@pytest.mark.parametrize(("form", "lines"), FORMS)
async def test_near_questions_leave_a_form_as_it_is(
    customer: Customer, member: Any, bot: Bot, unsure: Callable[[], None], form: str, lines: Any
) -> None:
    talk = Talk(bot, "rest", member("C0233")) if form == "erase_form" else customer()
    question = (await said(talk, *lines)).messages[-1]["text"]
    assert await talk.active_form() == form
    before = await talk.slots()
    unsure()
    if form == "recommend_form":  # takes unclear words as a wish
        near = await talk.say("这个用起来麻烦不麻烦", "usage_help")
    else:
        near = await talk.say("这个用起来麻烦不麻烦", guesses={"usage_help": 0.4, "chitchat": 0.3})
    assert "您是不是想问" in near.text and near.messages[-1]["text"] == question
    assert await talk.active_form() == form and "unclear" not in await talk.slots()
    chosen = await talk.press(near, next(iter(near.buttons)))
    assert SOURCE in chosen.text and chosen.messages[-1]["text"] == question
    after = await talk.slots()
    assert {name: after.get(name) for name in before if name not in ("base_intent", "offer")} == {
        name: value for name, value in before.items() if name not in ("base_intent", "offer")
    }


async def test_near_questions_twice_in_a_row_count(bot: Bot, unsure: Callable[[], None]) -> None:
    unsure()
    talk = bot.talk()
    texts = ("这个用起来麻烦不麻烦", "不是这些啊", "唉算不清楚", "还是不对路")
    replies = [await talk.say(text, guesses={"chitchat": 0.4}) for text in texts[:3]]
    assert "您是不是想问" in replies[0].text and "换个说法" in replies[1].text
    assert (await talk.slots())["unclear"] == [texts[1]] and "您是不是想问" in replies[2].text
