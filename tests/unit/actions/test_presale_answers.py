"""Price, comparison, facts, origin and payment, answered from the shop's tables."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from bot.clock import now
from bot.db import writing
from bot.shop import format_fen
from bot.shop.offer_tables import OriginRow
from bot.shop.presale import compare, instalment_plans, origin_of, price_insight
from bot.shop.tables import PriceRow
from tests.dialogue import Bot, Reply, Talk


def set_prices(shop: str, sku: str, *points: tuple[int, int]) -> None:
    """(days ago, fen), oldest first."""
    with writing(shop) as session:
        session.execute(delete(PriceRow).where(PriceRow.sku == sku))
        for days, fen in points:
            at = now() - timedelta(days=days)
            session.add(PriceRow(sku=sku, valid_from=at, price_fen=fen, list_fen=700000, market_fen=620000))


def table(reply: Reply) -> dict[str, Any]:
    """The table of a comparison."""
    return next(m["custom"] for m in reply.messages if m.get("custom"))


async def about(bot: Bot, text: str, intent: str, **metadata: str) -> str:
    return (await bot.talk().say(text, intent, **metadata)).text


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([(120, 600000)], ["¥6,000.00", "一直没有变过"]),
        ([(120, 650000), (10, 600000)], ["11月14日起降了¥500.00，是近90天最低价", "比市场价便宜¥200.00"]),
        ([(120, 590000), (60, 650000), (40, 600000)], ["近30天最低价，近90天最低¥5,900.00"]),
        ([(120, 600000), (60, 580000), (20, 590000), (10, 640000)], ["起涨了¥500.00；近30天最低¥5,800.00"]),
    ],
)
async def test_a_price_is_told_with_its_history(
    bot: Bot, shop: str, points: list[tuple[int, int]], told: list[str]
) -> None:
    set_prices(shop, "P1001-04", *points)
    text = await about(bot, "iPhone 14 256G 午夜色多少钱", "ask_price")
    assert all(piece in text for piece in told), text
    assert ("比市场价便宜" in text) == (points[-1][1] < 620000)


@pytest.mark.parametrize(
    ("points", "question", "told"),
    [
        ([(120, 600000), (10, 640000)], "为什么涨价了", "从11月14日起由¥6,000.00调到¥6,400.00，涨了¥400.00"),
        ([(120, 650000), (10, 600000)], "怎么又贵了", "没有涨价：11月14日起由¥6,500.00降到¥6,000.00"),
        ([(120, 650000), (10, 600000)], "降价了吗", "是降了：11月14日起"),
        ([(120, 600000), (10, 640000)], "降价了吗", "没有降价"),
        ([(120, 600000)], "为什么涨价了", "没有变过"),
    ],
)
async def test_why_is_answered_by_what_the_prices_were(
    bot: Bot, shop: str, points: list[tuple[int, int]], question: str, told: str
) -> None:
    set_prices(shop, "P1001-04", *points)
    assert told in await about(bot, question, "ask_price", page_sku="P1001-04")


async def test_several_prices_are_told_in_one_answer(bot: Bot, shop: str) -> None:
    reply = await bot.talk().say("红米note13和小米14多少钱", "ask_price")
    assert len(reply.cards) == 2
    assert "红米 Note 13现在" in reply.text and "小米 14现在" in reply.text


async def test_without_a_product_it_is_asked_once_and_answered_when_named(bot: Bot) -> None:
    talk = bot.talk()
    reply = await talk.say("为什么涨价了", "ask_price")
    assert "哪款" in reply.text and reply.buttons and reply.cards
    assert "iPhone 14" in (await talk.press(reply, "iPhone 14")).text  # the why of the first message still counts
    assert "topic" not in await talk.slots()
    assert "iPhone 14" in (await talk.say("是正品吗", "ask_authenticity")).text  # known from before


async def test_a_name_that_was_not_understood_still_answers_which(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("多少钱", "ask_price")
    assert "iPhone 14现在的价格是" in (await talk.say("苹果14", "chitchat", 0.3)).text


async def test_the_page_that_the_customer_turns_to_wins_over_what_was_talked_about(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("iPhone 13多少钱", "ask_price", page_sku="P1001-04")
    assert "iPhone 13" in (await talk.say("是正品吗", "ask_authenticity", page_sku="P1001-04")).text
    assert "小米 14" in (await talk.say("是正品吗", "ask_authenticity", page_sku="P1006-01")).text


async def test_goods_of_another_kind_are_not_taken_for_those_before(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("口红多少钱", "ask_price")
    reply = await talk.say("裤子多少钱", "ask_price")
    assert "口红" not in reply.text and "哪款" in reply.text


async def test_two_products_are_compared_in_a_table(bot: Bot, shop: str) -> None:
    reply = await bot.talk().say("iPhone 14和iPhone 13哪个好", "compare_products")
    found = compare(shop, "P1001", "P1003")
    shown = table(reply)
    assert (shown["type"], shown["titles"]) == ("comparison", ["iPhone 14", "iPhone 13"])
    rows = {name: (left, right) for name, left, right in shown["rows"]}
    assert rows["价格"] == (format_fen(found.left.price_fen), format_fen(found.right.price_fen))
    assert rows["市场价"] == (format_fen(found.left.market_fen), format_fen(found.right.market_fen))
    assert rows["库存"] == (f"{found.left.stock}台", f"{found.right.stock}台")
    assert rows["免息分期"] == ("最多12期", "最多12期")
    assert [(n, *rows[n]) for n, _, _ in found.rows] == list(found.rows)
    assert "屏幕" not in rows and f"重量：{rows['重量'][0]}｜{rows['重量'][1]}" in reply.text
    assert list(reply.buttons) == ["iPhone 14", "iPhone 13"]


@pytest.mark.parametrize(
    ("text", "page", "titles"),
    [
        ("这个和小米14哪个好", {"page_sku": "P1001-04"}, ["iPhone 14", "小米 14"]),
        ("iPhone 14的128G和256G哪个好", {}, ["iPhone 14 128G 午夜色", "iPhone 14 256G 午夜色"]),
    ],
)
async def test_one_named_is_compared_with_the_page_and_variants_with_each_other(
    bot: Bot, text: str, page: dict[str, str], titles: list[str]
) -> None:
    reply = await bot.talk().say(text, "compare_products", **page)
    assert table(reply)["titles"] == titles


async def test_the_missing_one_is_asked_for(bot: Bot) -> None:
    talk = bot.talk()
    assert "两款商品的名称" in (await talk.say("这两款哪个好", "compare_products")).text
    reply = await talk.say("iPhone 14", "inform")
    assert "iPhone 14想和哪一款比" in reply.text and "iPhone 13" in reply.buttons and "iPhone 14" not in reply.buttons
    reply = await talk.press(reply, "iPhone 13")
    assert table(reply)["titles"] == ["iPhone 14", "iPhone 13"]
    reply = await talk.say("和小米14比呢", "compare_products")
    assert table(reply)["titles"] == ["iPhone 13", "小米 14"]


async def test_elsewhere_is_answered_by_the_market_price(bot: Bot, shop: str) -> None:
    insight = price_insight(shop, "P1001-04")
    text = await about(bot, "比京东贵吗", "compare_products", page_sku="P1001-04")
    assert f"市场价{format_fen(insight.price.market_fen)}，便宜{format_fen(insight.below_market_fen)}" in text
    set_prices(shop, "P1001-04", (120, 650000))
    assert "便宜" not in await about(bot, "比京东贵吗", "compare_products", page_sku="P1001-04")


@pytest.mark.parametrize(
    ("text", "told", "not_told"),
    [
        ("支持快充吗", "充电：MagSafe", "屏幕："),
        ("防水吗", "防水：IP68", "重量："),
        ("介绍一下", "超视网膜屏", "没有单独写"),
        ("支持NFC吗", "没有单独写这一项", ""),
    ],
)
async def test_facts_are_those_that_the_question_names(bot: Bot, text: str, told: str, not_told: str) -> None:
    answer = await about(bot, text, "ask_product_info", page_sku="P1001-04")
    assert told in answer and (not not_told or not_told not in answer)


async def test_the_question_is_kept_while_the_product_is_asked_for(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("防水吗", "ask_product_info")
    text = (await talk.say("iPhone 14", "inform")).text
    assert "防水：IP68" in text and "屏幕" not in text


async def test_origin_is_told_and_its_gaps_too(bot: Bot, shop: str) -> None:
    origin = origin_of(shop, "P1001")
    assert origin and origin.licence_until
    text = await about(bot, "是正品吗", "ask_authenticity", page_sku="P1001-04")
    until = f"{origin.licence_until.year}年{origin.licence_until.month}月{origin.licence_until.day}日"
    assert all(piece in text for piece in (origin.source, origin.licence, until, origin.batch, origin.inspection))
    assert "已经过了" in await about(bot, "渔夫帽是正品吗", "ask_authenticity")
    with writing(shop) as session:
        session.execute(update(OriginRow).where(OriginRow.product_id == "P1001").values(licence_until=None))
        session.execute(update(OriginRow).where(OriginRow.product_id == "P1002").values(licence=""))
        session.execute(delete(OriginRow).where(OriginRow.product_id == "P1003"))
    assert "长期有效" in await about(bot, "iPhone 14是正品吗", "ask_authenticity")
    assert "授权文件我这里没有记录" in await about(bot, "iPhone 14 Pro是正品吗", "ask_authenticity")
    assert "没有记录，不能乱说" in await about(bot, "iPhone 13是正品吗", "ask_authenticity")


async def test_instalments_are_worked_out_to_the_fen(bot: Bot, shop: str) -> None:
    talk = bot.talk()
    await talk.say("iPhone 14 256G 午夜色多少钱", "ask_price")
    text = (await talk.say("可以分期吗", "ask_payment")).text
    for plan in instalment_plans(shop, {"P1001-04": 1}, 599900):
        assert f"{plan.periods}期：每期{format_fen(plan.each_fen)}" in text and plan.interest_free
    text = await about(bot, "空调分几期", "ask_payment")
    plans = {plan.periods: plan for plan in instalment_plans(shop, {"P5001-01": 1}, 219900)}
    plan = plans[12]
    assert not plan.interest_free
    assert f"手续费共{format_fen(plan.fee_fen)}，总共{format_fen(plan.total_fen)}" in text
    text = await about(bot, "小米14分几期", "ask_payment")
    three = instalment_plans(shop, {"P1006-01": 1}, 379900)[0]
    assert f"3期：每期{format_fen(three.each_fen)}（最后一期{format_fen(three.last_fen)}）" in text
    assert 2 * three.each_fen + three.last_fen == 379900 and three.each_fen != three.last_fen
    assert "够不上分期" in await about(bot, "螺蛳粉能分期吗", "ask_payment")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("iPhone 14支持货到付款吗", "不能用货到付款"),
        ("螺蛳粉能货到付款吗", "可以用货到付款"),
        ("螺蛳粉能对公转账吗", "不能用公司转账"),
        ("iPhone 14怎么付款", "公司转账。分期最多12期免息"),
        ("付款老是失败", "保留24小时"),
        ("可以用微信吗", "店里可以用微信支付、支付宝"),
    ],
)
async def test_ways_to_pay_are_those_for_these_goods(bot: Bot, text: str, told: str) -> None:
    assert told in await about(bot, text, "ask_payment")


async def in_flow(bot: Bot) -> Talk:
    talk = bot.talk()
    await talk.say("iPhone 14 256G有货吗", "ask_stock")
    return talk


@pytest.mark.parametrize(
    ("text", "intent", "told"),
    [
        ("为什么涨价了", "ask_price", "没有涨价"),
        ("和iPhone 13比呢", "compare_products", "iPhone 14 和 iPhone 13 的差别"),
        ("是正品吗", "ask_authenticity", "Apple授权书"),
        ("可以分期吗", "ask_payment", "12期：每期¥499.91"),
        ("有什么优惠", "ask_promotion", "手机 12 期免息"),
        ("包邮吗", "ask_shipping_fee", "满¥99.00包邮"),
        ("170 130斤穿多大", "ask_size", "不分尺码"),
        ("推荐个老人机", "recommend_product", "青禾老人手机"),
    ],
)
async def test_a_question_in_the_flow_is_answered_and_the_flow_goes_on(
    bot: Bot, text: str, intent: str, told: str
) -> None:
    talk = await in_flow(bot)
    before = await talk.memory()
    reply = await talk.say(text, intent)
    assert told in reply.messages[0]["text"] and "您咨询的是iPhone 14 256G版本吗" in reply.messages[-1]["text"]
    assert await talk.memory() == before  # the flow's goods stay what they were
