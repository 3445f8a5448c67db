"""Every intent of the taxonomy gets a sensible answer, alone and in the middle of a flow."""

import re

import pytest

from actions.phrases import domain
from bot.clock import now
from bot.shop import place_order
from tests.dialogue import Bot

INTENTS: list[str] = domain()["intents"]
LEAVING = {"request_human", "complain_service", "goodbye"}
ANSWERS = {"affirm", "deny", "ask_stock", "place_order", "inform"}


def test_the_taxonomy_is_complete() -> None:
    assert len(INTENTS) == len(set(INTENTS)) == 42


async def test_each_intent_is_answered_in_chinese(bot: Bot) -> None:
    for intent in INTENTS:
        reply = await bot.talk().say("🙂", intent)
        assert re.search(r"[\u4e00-\u9fff]", reply.text), intent
        assert "{" not in reply.text, intent


async def test_each_intent_in_a_flow_is_answered_and_the_flow_goes_on(bot: Bot) -> None:
    for intent in sorted(set(INTENTS) - LEAVING - ANSWERS):
        talk = bot.talk()
        await talk.say("iPhone 14 256G有货吗", "ask_stock")
        reply = await talk.say("🙂", intent)
        assert len(reply.messages) >= 2 and "您咨询的是iPhone 14 256G版本吗" in reply.messages[-1]["text"], intent


@pytest.mark.parametrize("intent", sorted(LEAVING))
async def test_some_requests_end_the_flow(bot: Bot, intent: str) -> None:
    talk = bot.talk()
    await talk.say("iPhone 14 256G有货吗", "ask_stock")
    reply = await talk.say("🙂", intent)
    assert reply.text and "您咨询的是" not in reply.text and await talk.active_form() is None


@pytest.mark.parametrize(
    ("text", "intent", "page", "told"),
    [
        ("iPhone 14 256G 午夜色多少钱", "ask_price", {}, "iPhone 14 256G 午夜色现在的价格是¥5,999.00"),
        ("这个多少钱", "ask_price", {"page_product": "P1001"}, "iPhone 14现在的价格是¥5,399.00 起"),
        ("这个防水吗", "ask_product_info", {"page_sku": "P1001-04"}, "防水：IP68"),
        ("iPhone 14 256G什么时候发货", "ask_delivery_time", {}, "北京仓库预计今日18:00前发货"),
        ("iPhone 14和iPhone 13哪个好", "compare_products", {}, "您要比较的商品在这里"),
        ("这两款哪个好", "compare_products", {}, "名称都告诉我"),
    ],
)
async def test_questions_about_goods_are_answered_from_the_shop(
    bot: Bot, text: str, intent: str, page: dict[str, str], told: str
) -> None:
    assert told in (await bot.talk().say(text, intent, **page)).text


@pytest.mark.parametrize(
    ("text", "intent", "told"),
    [
        ("多少钱", "ask_price", "现在的价格是"),
        ("什么材质", "ask_product_info", "超视网膜屏"),
        ("什么时候发货", "ask_delivery_time", "截单时间"),
    ],
)
async def test_a_question_without_a_product_is_answered_once_it_is_named(
    bot: Bot, text: str, intent: str, told: str
) -> None:
    talk = bot.talk()
    first = await talk.say(text, intent)
    second = await talk.say("iPhone 14 256G", "inform")
    assert told in first.text + second.text and "您咨询的是" not in second.text


async def test_recommendations_are_cards_of_the_category_asked_for(bot: Bot) -> None:
    reply = await bot.talk().say("推荐一款手机", "recommend_product")
    assert reply.cards and len(reply.cards) == len(reply.buttons)
    assert {"sku", "title", "image", "price", "stock", "payload"} <= set(reply.cards[0])


async def test_orders_are_shown_to_their_account_only(bot: Bot, shop: str) -> None:
    mine, other = bot.talk("rest"), bot.talk("rest")
    placed = place_order(
        shop, channel="rest", account=mine.sender, sku="P1001-04", quantity=2, idempotency_key=f"t{now()}"
    )
    for intent in ("check_order", "track_logistics", "urge_delivery"):
        reply = await mine.say("我的订单", intent)
        assert placed.no in reply.text and "iPhone 14 256G 午夜色 ×2" in reply.text and "待付款" in reply.text
        assert placed.no not in (await other.say(f"订单{placed.no}到哪了", intent)).text
