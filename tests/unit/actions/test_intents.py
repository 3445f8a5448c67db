"""Every intent of the taxonomy gets a sensible answer, alone and in the middle of a flow."""

import re

import pytest

from actions.phrases import domain
from bot.nlu.taxonomy import load_taxonomy
from tests.dialogue import Bot

INTENTS: list[str] = domain()["intents"]
LEAVING = {"request_human", "complain_service", "goodbye"}
ANSWERS = {"affirm", "deny", "ask_stock", "place_order", "inform"}


def test_the_taxonomy_is_complete() -> None:
    assert len(INTENTS) == len(set(INTENTS)) >= 42  # a shop may add its own (docs/designers-guide.md)
    assert set(INTENTS) == set(load_taxonomy().base_of)


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
        ("iPhone 14和iPhone 13哪个好", "compare_products", {}, "iPhone 14 和 iPhone 13 的差别"),
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
        ("什么时候发货", "ask_delivery_time", "北京仓库预计今日18:00前发货"),
    ],
)
async def test_a_question_without_a_product_is_answered_once_it_is_named(
    bot: Bot, text: str, intent: str, told: str
) -> None:
    talk = bot.talk()
    first = await talk.say(text, intent)
    second = await talk.say("iPhone 14 256G", "inform")
    assert told in first.text + second.text and "您咨询的是" not in second.text
