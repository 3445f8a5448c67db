"""The stock flow from question to order, as customers talk."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from bot.db import reading
from bot.shop import availability, current_catalogue, find_order, format_fen
from bot.shop.tables import StockRow
from bot.shop.trade_tables import OrderRow
from tests.dialogue import Bot, Talk

STOCK_256 = "您咨询的是iPhone 14 256G版本吗？当前北京仓库有32台现货，预计今日18:00前可发货。"
OFFER = "需要我为您生成订单吗？现在下单可享12期免息"


def reserved(shop: str, sku: str) -> int:
    with reading(shop) as session:
        return int(session.scalar(select(func.sum(StockRow.reserved)).where(StockRow.sku == sku)) or 0)


def orders(shop: str) -> int:
    with reading(shop) as session:
        return int(session.scalar(select(func.count()).select_from(OrderRow)) or 0)


async def asked(bot: Bot, text: str = "iPhone 14 256G有货吗", **metadata: str) -> Talk:
    """A conversation in which the question for stock was asked."""
    talk = bot.talk()
    await talk.say(text, "ask_stock", **metadata)
    return talk


async def offered(bot: Bot, text: str = "iPhone 14 256G 午夜色有货吗") -> Talk:
    """A conversation in which an order was offered."""
    talk = await asked(bot, text)
    reply = await talk.say("是的", "affirm")
    assert "需要我为您生成订单吗" in reply.text
    return talk


async def test_from_the_page_to_the_order(bot: Bot, shop: str) -> None:
    before, orders_before = reserved(shop, "P1001-04"), orders(shop)
    talk = bot.talk("webchat")
    assert (await talk.say("这款手机有现货吗？", "ask_stock", page_sku="P1001-04")).text == STOCK_256
    reply = await talk.say("是的", "affirm")
    assert OFFER in reply.text
    assert "iPhone 14 256G 午夜色，1台共¥5,999.00" in reply.text
    reply = await talk.say("是的", "affirm")
    number = re.search(r"DX\d+", reply.text)
    assert number and "应付¥5,999.00" in reply.text and "今日18:00前发货" in reply.text and "11-25 10:00" in reply.text
    order = find_order(shop, number.group())
    assert order is not None
    assert (order.status, order.channel, order.account) == ("pending_payment", "webchat", talk.sender)
    assert [(line.sku, line.quantity) for line in order.lines] == [("P1001-04", 1)]
    assert (reserved(shop, "P1001-04"), orders(shop)) == (before + 1, orders_before + 1)
    assert (await talk.memory(), await talk.active_form()) == ({}, None)


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        ([("iPhone 14 256G有货吗", "ask_stock")], STOCK_256),
        ([("有现货吗", "ask_stock"), ("苹果14", "inform"), ("256g", "chitchat")], STOCK_256),
        ([("帮我下单iPhone 14 256G", "place_order")], STOCK_256),
        ([("iPhone 14 256G", "inform")], STOCK_256),
        ([("iPhone 14有货吗", "ask_stock"), ('/inform{"storage": "256G"}', "")], STOCK_256),
        ([("iPhone 14 256G有货吗", "ask_stock"), ("那128G的呢", "ask_product_info")], "iPhone 14 128G版本吗"),
        ([("iPhone 14 256G有货吗", "ask_stock"), ("换成蓝色", "exchange_goods")], "iPhone 14 256G 蓝色版本吗"),
        ([("iPhone 14 256G有货吗", "ask_stock"), ("不是，128G的", "deny")], "iPhone 14 128G版本吗"),
        ([("iPhone 14 256G有货吗", "ask_stock"), ("我在成都", "inform")], "当前成都仓库有6台现货"),
        ([("iPhone 14 256G有货吗", "ask_stock"), ("有货吗", "ask_stock")], STOCK_256),
        ([("iPhone 14 256G有货吗", "ask_stock"), ("帮我下单吧", "place_order")], OFFER),
        ([("iPhone 14 256G有货吗", "ask_stock"), ("嗯嗯可以", "out_of_scope")], OFFER),
        ([("iPhone 14 256G有货吗", "ask_stock"), ("是的，要两台", "affirm")], "2台共¥11,998.00"),
        ([("iPhone 14有货吗", "ask_stock")], "iPhone 14有下面几种"),
        ([('/ask_stock{"product": "P1001", "storage": "1T"}', "")], "iPhone 14没有1T这一种"),
        ([("素野重磅纯棉T恤有货吗", "ask_stock"), ("L", "inform")], "您咨询的是素野重磅纯棉T恤（L）吗"),
        ([("iPhone 14和iPhone 13有货吗", "ask_stock")], "您提到了几款商品"),
        ([("诺基亚3310有货吗", "ask_stock")], "没有找到“诺基亚3310”"),
        ([("有货吗", "ask_stock"), ("华威手机壳套装", "inform")], "没有找到“华威手机壳套装”"),
        ([("有货吗", "ask_stock"), ("不是", "deny")], "您想咨询的是哪款商品呢"),
        ([("iPhone 14 256G有货吗", "ask_stock"), ("不是", "deny")], "您想要iPhone 14的哪一种"),
    ],
)
async def test_what_the_customer_says_leads_to(bot: Bot, lines: list[tuple[str, str]], last: str) -> None:
    talk = bot.talk()
    for text, intent in lines:
        reply = await talk.say(text, intent)
    assert last in reply.text


async def test_the_page_gives_way_to_what_is_named(bot: Bot) -> None:
    talk = bot.talk()
    reply = await talk.say("iPhone 13 128G有货吗", "ask_stock", page_sku="P1001-04")
    assert "您咨询的是iPhone 13 128G" in reply.text
    reply = await bot.talk().say("诺基亚3310有货吗", "ask_stock", page_product="P1001")
    assert "没有找到" in reply.text and reply.buttons


@pytest.mark.parametrize(("confidence", "told"), [(0.3, "没太明白"), (1.0, "运费")])
async def test_a_question_is_no_product_name(bot: Bot, confidence: float, told: str) -> None:
    talk = await asked(bot, "有货吗")
    reply = await talk.say("包邮吗", "ask_shipping_fee", confidence)
    assert told in reply.text and "没有找到" not in reply.text and "哪款商品" in reply.text


async def test_yes_to_a_choice_asks_which_again(bot: Bot) -> None:
    talk = await asked(bot, "iPhone 14 512G 蓝色有货吗")
    reply = await talk.say("可以", "affirm")
    assert "512G 星光色" in reply.buttons and "还有什么可以帮您" not in reply.text


async def test_a_product_page_without_a_variant_asks_which(bot: Bot) -> None:
    reply = await bot.talk().say("有货吗", "ask_stock", page_product="P1001")
    assert list(reply.buttons) == ["128G", "256G", "512G"]


async def test_unknown_page_is_as_good_as_none(bot: Bot) -> None:
    reply = await bot.talk().say("有货吗", "ask_stock", page_sku="nonsense")
    assert "哪款商品" in reply.text
    assert reply.cards and all(card["payload"].startswith("/inform{") for card in reply.cards)


async def test_the_colour_is_never_ordered_unseen(bot: Bot, shop: str) -> None:
    talk = await asked(bot)
    reply = await talk.say("是的", "affirm")
    assert "256G 午夜色" in reply.text and "换成蓝色" in reply.buttons
    reply = await talk.press(reply, "换成蓝色")
    assert "256G 蓝色版本吗" in reply.text
    await talk.say("是的", "affirm")
    reply = await talk.say("是的", "affirm")
    assert "iPhone 14 256G 蓝色 1台" in reply.text


@pytest.mark.parametrize("text", ["算了", "不要了", "好的，不用了", "我再想想"])
async def test_leaving_is_polite_and_forgets(bot: Bot, shop: str, text: str) -> None:
    before = orders(shop)
    for talk in (await asked(bot), await offered(bot), await asked(bot, "有货吗")):
        assert "先不下单" in (await talk.say(text, "chitchat")).text
        assert (await talk.memory(), await talk.active_form()) == ({}, None)
        assert "还有什么可以帮您" in (await talk.say("是的", "affirm")).text
    assert orders(shop) == before


async def test_no_to_the_offer_orders_nothing(bot: Bot, shop: str) -> None:
    before = orders(shop)
    talk = await offered(bot)
    assert "先不下单" in (await talk.say("不是", "deny")).text
    assert orders(shop) == before and await talk.active_form() is None


async def test_another_question_is_answered_and_the_open_one_comes_back(bot: Bot) -> None:
    talk = await asked(bot)
    reply = await talk.say("包邮吗", "ask_shipping_fee")
    assert "运费" in reply.messages[0]["text"] and reply.messages[1]["text"] == STOCK_256
    reply = await talk.say("iPhone 13多少钱", "ask_price")
    assert "iPhone 13现在的价格是" in reply.messages[0]["text"] and reply.messages[-1]["text"] == STOCK_256
    assert OFFER in (await talk.say("是的", "affirm")).text
    reply = await talk.say("蓝色的有赠品吗", "ask_promotion", 0.6)
    assert "没太明白" in reply.text and OFFER in reply.text
    reply = await talk.say("你是机器人吗", "ask_bot")
    assert "我是店小二" in reply.text and OFFER in reply.text
    assert "订单已生成" in (await talk.say("下单吧", "place_order")).text


@pytest.mark.parametrize("intent", ["request_human", "complain_service"])
async def test_a_person_gets_what_was_collected(bot: Bot, intent: str) -> None:
    talk = await asked(bot, "iPhone 14 256G要两台，发成都，有货吗")
    reply = await talk.say("转人工", intent)
    assert "iPhone 14 256G 午夜色" in reply.text and "数量：2" in reply.text and "城市：成都" in reply.text
    note = (await talk.slots())["handover"]
    assert (note["reason"], note["flow"]) == (intent, "stock_form")
    assert note["collected"] == {"sku": "P1001-04", "product": "P1001", "quantity": 2, "city": "成都"}
    assert await talk.active_form() is None


async def test_sold_out_offers_what_is_near_and_says_when(bot: Bot, shop: str) -> None:
    talk = await asked(bot, "iPhone 14 512G 蓝色有货吗")
    reply = await talk.say("有货吗", "ask_stock")
    restock = availability(shop, "P1001-09").restock_date
    assert restock and f"预计{restock.month}月{restock.day}日补货" in reply.text
    assert list(reply.buttons)[:2] == ["512G 午夜色", "512G 星光色"] and len(reply.cards) == len(reply.buttons)
    assert "iPhone 14 512G 星光色版本吗" in (await talk.press(reply, "512G 星光色")).text


async def test_another_warehouse_sends_when_the_near_one_is_empty(bot: Bot, stock: Callable[..., None]) -> None:
    stock("P1001-04", 9, only="SH")
    reply = await bot.talk().say("iPhone 14 256G 午夜色，我在北京，有货吗", "ask_stock")
    assert "离北京最近的仓库暂时没有货，可以从上海仓库给您发" in reply.text and "上海仓库有9台" in reply.text


@pytest.mark.parametrize(
    ("units", "said", "told", "quantity"),
    [(3, "要五台", "最多能发3台", 3), (99, "要50台", "最多可以下单20台", 20), (8, "要5台", "", 5)],
)
async def test_quantity_is_fitted_to_stock_and_limit(
    bot: Bot, stock: Callable[..., None], units: int, said: str, told: str, quantity: int
) -> None:
    stock("P1001-04", units, only="BJ")
    talk = await offered(bot)
    reply = await talk.say(said, "inform")
    assert told in reply.text and f"，{quantity}台共" in reply.text
    assert f"午夜色 {quantity}台" in (await talk.say("好的", "affirm")).text


async def test_a_product_of_one_kind_is_named_without_a_variant(bot: Bot, shop: str) -> None:
    catalogue = current_catalogue(shop)
    single = next(p for p in catalogue.products.values() if len(catalogue.narrow(p.id)) == 1)
    reply = await bot.talk().say("有货吗", "ask_stock", page_product=single.id)
    assert f"您咨询的是{single.name}吗？当前" in reply.text


async def test_few_units_are_called_few(bot: Bot, stock: Callable[..., None]) -> None:
    stock("P1001-04", 1, only="BJ")
    assert "北京仓库仅剩1台现货" in (await bot.talk().say("iPhone 14 256G 午夜色有货吗", "ask_stock")).text


async def test_the_last_unit_goes_to_one_of_two(bot: Bot, shop: str, stock: Callable[..., None]) -> None:
    stock("P1001-04", 1, only="BJ")
    before = orders(shop)
    one, two = await offered(bot), await offered(bot)
    assert "订单已生成" in (await one.say("是的", "affirm")).text
    reply = await two.say("是的", "affirm")
    assert "刚刚被其他顾客拍下" in reply.text and reply.buttons
    assert orders(shop) == before + 1 and availability(shop, "P1001-04").total == 0
    assert "版本吗" in (await two.press(reply, next(iter(reply.buttons)))).text


async def test_fewer_left_than_offered_is_offered_again(bot: Bot, shop: str, stock: Callable[..., None]) -> None:
    stock("P1001-04", 5, only="BJ")
    talk = await offered(bot, "iPhone 14 256G 午夜色要四台，有货吗")
    stock("P1001-04", 2, only="BJ")
    reply = await talk.say("是的", "affirm")
    assert "最多能发2台" in reply.text and "2台共" in reply.text
    assert "午夜色 2台" in (await talk.say("是的", "affirm")).text


async def test_goods_that_went_while_asked_are_not_offered(bot: Bot, stock: Callable[..., None]) -> None:
    talk = await asked(bot, "iPhone 14 256G 午夜色有货吗")
    stock("P1001-04", 0)
    reply = await talk.say("是的", "affirm")
    assert "没有货了" in reply.text and "生成订单" not in reply.text
    assert "版本吗" in (await talk.press(reply, next(iter(reply.buttons)))).text


async def test_the_offer_names_what_the_order_will_cost_with_postage_and_reductions(bot: Bot, shop: str) -> None:
    for text, words in (("P3002-01有货吗，寄到拉萨", "含运费"), ("P2001-01有货吗，要四件", "已优惠")):
        talk = await asked(bot, text)
        offer = (await talk.say("是的", "affirm")).text
        amount = re.search(r"共(¥[\d,.]+)", offer)
        assert amount and words in offer, offer
        placed = (await talk.say("是的", "affirm")).text
        number = re.search(r"DX\d+", placed)
        assert number and f"应付{amount.group(1)}" in placed and words in placed
        order = find_order(shop, number.group())
        assert order and format_fen(order.amount_fen) == amount.group(1)


async def test_a_region_that_is_not_served_is_refused_before_the_offer(bot: Bot, shop: str) -> None:
    before = orders(shop)
    talk = await asked(bot, "P5001-01有货吗，寄到拉萨")  # no warehouse sends large appliances there
    assert "家电商品暂时送不到拉萨" in (await talk.say("是的", "affirm")).text
    assert "变频空调" in (await talk.say("那寄到成都吧", "inform")).text
    assert orders(shop) == before
