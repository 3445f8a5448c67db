"""Recommendations: need, one constraint, three cards with reasons; two questions at most."""

import pytest

from bot.shop.presale import recommend
from tests.dialogue import Bot


async def test_category_then_budget_then_cards(bot: Bot, shop: str) -> None:
    talk = bot.talk()
    reply = await talk.say("推荐点东西", "recommend_product")
    assert {"手机", "服饰", "食品", "随便看看"} <= set(reply.buttons)
    reply = await talk.press(reply, "手机")
    assert "预算" in reply.text and all("元以内" in title or title == "随便看看" for title in reply.buttons)
    reply = await talk.say("2000以内", "inform")
    assert 1 <= len(reply.cards) <= 3 and await talk.active_form() is None
    for card in reply.cards:
        assert float(card["price"].strip("¥").replace(",", "")) <= 2000 and card["note"] in reply.text
    assert "充电器" not in reply.text  # 手机 are phones
    assert "版本吗" in (await talk.say(reply.cards[0]["payload"])).text


@pytest.mark.parametrize("text", ["送长辈的手机，预算500", "五百以内的老人手机", "给老人买手机，不超过500"])
async def test_a_budget_is_heard_with_and_without_a_unit(bot: Bot, text: str) -> None:
    reply = await bot.talk().say(text, "recommend_product")
    assert reply.cards and all(float(c["price"].strip("¥").replace(",", "")) <= 500 for c in reply.cards)


@pytest.mark.parametrize(
    "text", ["给老人推荐个手机", "推荐1500元以内的手机", "送女朋友什么好", "随便推荐点东西", "推荐一款耳机"]
)
async def test_enough_said_needs_no_question(bot: Bot, text: str) -> None:
    talk = bot.talk()
    reply = await talk.say(text, "recommend_product")
    assert reply.cards and await talk.active_form() is None


async def test_reasons_are_those_of_the_data(bot: Bot, shop: str) -> None:
    reply = await bot.talk().say("推荐个1000元以内的洗衣机以外的家电", "recommend_product")
    expected = recommend(shop, category="家电", budget_fen=100000)
    assert [card["sku"] for card in reply.cards] == [one.variant.sku for one in expected]
    best = {reason.kind: reason for reason in expected[0].reasons}
    assert f"在预算内，还剩¥{best['budget'].fen / 100:,.2f}" in reply.cards[0]["note"]
    text = (await bot.talk().say("给老人推荐个手机", "recommend_product")).text
    assert "商品页写着“老人”" in text


@pytest.mark.parametrize("answer", ["随便", "不知道", "都行", "你看着推荐吧", "阿巴阿巴"])
@pytest.mark.parametrize("first", ["推荐点东西", "推荐一款手机"])
async def test_who_does_not_mind_gets_cards_at_once(bot: Bot, first: str, answer: str) -> None:
    talk = bot.talk()
    assert not (await talk.say(first, "recommend_product")).cards
    reply = await talk.say(answer, "chitchat", 0.5)
    if not reply.cards:  # the words said nothing of the kind: one more question, and no more
        reply = await talk.say(answer, "chitchat", 0.5)
    assert reply.cards and await talk.active_form() is None


async def test_nothing_within_the_budget_is_said_and_what_is_near_is_shown(bot: Bot) -> None:
    reply = await bot.talk().say("推荐10元以内的手机", "recommend_product")
    assert "¥10.00以内没有合适的" in reply.text and reply.cards
    reply = await bot.talk().say("推荐100元以内的降噪耳机", "recommend_product")
    assert "没有" in reply.text and reply.cards


async def test_need_and_budget_are_corrected(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("推荐一款手机", "recommend_product")
    reply = await talk.say("还是看看空调吧", "recommend_product")
    assert "家电的预算" in reply.text
    reply = await talk.say("3000", "inform")
    assert reply.cards and all(card["product_id"].startswith("P5") for card in reply.cards)


async def test_an_interruption_comes_back_to_the_question(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("推荐一款手机", "recommend_product")
    reply = await talk.say("包邮吗", "ask_shipping_fee")
    assert "满¥99.00包邮" in reply.messages[0]["text"] and "预算" in reply.messages[-1]["text"]
    assert "先不办了" in (await talk.say("算了", "deny")).text


@pytest.mark.parametrize("payload", ['{"category": "枪"}', '{"category": 5}', '{"amount": "x"}', '{"amount": -5}'])
async def test_malformed_choices_break_nothing(bot: Bot, payload: str) -> None:
    talk = bot.talk()
    await talk.say("推荐点东西", "recommend_product")
    assert (await talk.say(f"/inform{payload}")).text


@pytest.mark.parametrize("text", ["推荐一款3000左右的手机", "推荐个手机，差不多3000块", "手机推荐一下，3000上下"])
async def test_about_so_much_is_a_range_and_no_limit(bot: Bot, text: str) -> None:
    reply = await bot.talk().say(text, "recommend_product")
    prices = [float(card["price"].strip("¥ 起").replace(",", "")) for card in reply.cards]
    assert prices and all(2400 <= price <= 3600 for price in prices)


async def test_nothing_about_the_price_is_said(bot: Bot) -> None:
    reply = await bot.talk().say("推荐一款20左右的手机", "recommend_product")
    assert "¥20.00左右没有合适的" in reply.text and reply.cards
