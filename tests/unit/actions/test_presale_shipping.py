"""Fee, carrier and days by goods and place; general words until both are known."""

from datetime import datetime

import pytest
from sqlalchemy import update

from bot.clock import freeze
from bot.db import writing
from bot.shop import format_fen
from bot.shop.offer_tables import ShippingRuleRow
from bot.shop.presale import shipping_quote
from tests.dialogue import Bot


async def test_general_first_then_exact_once_goods_and_city_are_named(bot: Bot, shop: str) -> None:
    talk = bot.talk()
    reply = await talk.say("包邮吗", "ask_shipping_fee")
    assert "满¥99.00包邮" in reply.text and "哪款、寄到哪个城市" in reply.text
    reply = await talk.say("北京", "inform")
    assert "哪款" in reply.text and "满¥99.00" not in reply.text  # not told twice
    quote = shipping_quote(shop, {"P3006-01": 1}, "北京")
    text = (await talk.say("螺蛳粉单袋", "inform")).text
    assert f"寄到北京运费{format_fen(quote.fee_fen)}，再买{format_fen(quote.short_fen)}就包邮" in text
    assert quote.fee_fen == 800 and quote.warehouse_name in text and quote.carrier in text
    text = (await talk.say("几天能到", "ask_delivery_time")).text  # both are remembered
    assert "北京仓库预计今日18:00前发货" in text and "明日送到北京" in text
    assert "送到上海" in (await talk.say("到上海几天", "ask_delivery_time")).text  # and corrected


async def test_reductions_count_towards_free_shipping(bot: Bot, shop: str) -> None:
    whole = shipping_quote(shop, {"P3001-02": 1}, "西宁")
    text = (await bot.talk().say("P3001-02寄到西宁多少运费", "ask_shipping_fee")).text
    # ¥139.00 less ¥10.00 of the running offer: ¥10.00 more is missing to the threshold.
    assert f"再买{format_fen(whole.short_fen + 1000)}就包邮" in text


@pytest.mark.parametrize(
    ("text", "intent", "told"),
    [
        ("iPhone 14寄到上海包邮吗", "ask_shipping_fee", "寄到上海包邮（满¥99.00免运费）"),
        ("大米寄新疆多少运费", "ask_shipping_fee", "寄到新疆运费¥42.00"),
        ("iPhone 14新疆能送吗", "ask_delivery_method", "能送。iPhone 14 128G 午夜色寄到新疆由成都仓库发中原快递"),
        ("iPhone 14能自提吗", "ask_delivery_method", "自提点我这里没有记录"),
        ("会送上楼吗", "ask_delivery_method", "派送时和快递员约定"),
        ("iPhone 14周末送北京吗", "ask_delivery_time", "要和快递员约"),
        ("iPhone 14 256G什么时候发货", "ask_delivery_time", "北京仓库预计今日18:00前发货。\n寄到哪个城市"),
        ("什么时候发货", "ask_delivery_time", "当天截单前付款的当天发"),
    ],
)
async def test_each_question_gets_what_it_asks(bot: Bot, text: str, intent: str, told: str) -> None:
    assert told in (await bot.talk().say(text, intent)).text


@pytest.mark.parametrize("intent", ["ask_shipping_fee", "ask_delivery_method", "ask_delivery_time"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("空调寄到西藏", "家电商品暂时送不到西藏"),
        ("空调寄到拉萨", "家电商品暂时送不到拉萨"),
        ("iPhone 14寄到香港", "商品暂时送不到香港"),
    ],
)
async def test_a_place_that_is_not_served_is_refused_by_name(bot: Bot, intent: str, text: str, told: str) -> None:
    reply = await bot.talk().say(text, intent)
    assert told in reply.text and len(reply.messages) == 1


async def test_after_a_refusal_another_city_is_enough(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("空调寄到拉萨要多少运费", "ask_shipping_fee")
    assert "寄到成都包邮" in (await talk.say("那寄到成都呢", "ask_shipping_fee")).text


async def test_sold_out_goods_have_no_day_of_arrival(bot: Bot) -> None:
    for text in ("P1001-09几天能到北京", "P1001-09什么时候发货"):
        reply = await bot.talk().say(text, "ask_delivery_time")
        assert "暂时没有货" in reply.text and "预计" not in reply.text


async def test_after_the_cut_off_it_leaves_the_next_working_day(bot: Bot, shop: str) -> None:
    with freeze(datetime.fromisoformat("2026-11-28T15:30:00+08:00")):  # Saturday, Chengdu does not work on Sundays
        text = (await bot.talk().say("iPhone 14 256G 午夜色几天到成都", "ask_delivery_time")).text
    assert "成都仓库预计11月30日18:00前发货" in text and "12月1日送到成都" in text


async def test_a_shop_without_thresholds_says_so(bot: Bot, shop: str) -> None:
    with writing(shop) as session:
        session.execute(update(ShippingRuleRow).values(free_over_fen=None))
    assert "包邮" not in (await bot.talk().say("包邮吗", "ask_shipping_fee")).text
    text = (await bot.talk().say("iPhone 14寄到上海包邮吗", "ask_shipping_fee")).text
    assert "运费¥6.00，由" in text
