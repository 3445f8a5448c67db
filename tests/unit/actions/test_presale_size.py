"""Size advice: a form for what is missing, the chart's answer, its stock, and honest words beyond the chart."""

from collections.abc import Callable

import pytest

from bot.shop.presale import advise_size
from tests.dialogue import Bot


async def test_product_and_measures_are_asked_for_step_by_step(bot: Bot, shop: str) -> None:
    talk = bot.talk()
    reply = await talk.say("穿多大", "ask_size")
    assert "哪款" in reply.text and "素野重磅纯棉T恤" in reply.buttons
    reply = await talk.press(reply, "素野重磅纯棉T恤")
    assert "身高和体重" in reply.text
    reply = await talk.say("一米七", "inform")
    assert reply.text == "身高170厘米，记下了。再告诉我体重就能选。"
    reply = await talk.say("130", "inform")
    advice = advise_size(shop, "P2001", height_cm=170, weight_kg=65)
    assert f"身高170厘米、体重130斤，素野重磅纯棉T恤建议选{advice.size}" in reply.text and "现在有" in reply.text
    assert await talk.active_form() is None
    assert f"素野重磅纯棉T恤（{advice.size}）" in (await talk.say("有货吗", "ask_stock")).text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("冲锋衣178 150斤穿多大", "建议选XL"),
        ("T恤一米七五130斤穿多大", "建议选L"),
        ("跑鞋脚长25.5穿多大", "脚长255毫米，山屿缓震跑鞋 Air2建议选41"),
        ("冲锋衣175 140斤穿多大", "在L和XL之间，建议选XL"),
        ("纸尿裤宝宝12公斤穿多大", "建议选L"),
        ("T恤一米四 60斤穿多大", "比素野重磅纯棉T恤最小的尺码还小"),
        ("T恤一米九八 220斤穿多大", "超出了素野重磅纯棉T恤最大的尺码"),
        ("羽绒服一米五 200斤穿多大", "不在山屿轻薄羽绒服的尺码范围里"),
        ("iPhone 14穿多大", "不分尺码"),
    ],
)
async def test_all_said_at_once_is_answered_at_once(bot: Bot, text: str, told: str) -> None:
    talk = bot.talk()
    assert told in (await talk.say(text, "ask_size")).text and await talk.active_form() is None


async def test_beyond_the_chart_the_chart_is_shown(bot: Bot) -> None:
    text = (await bot.talk().say("T恤一米四 60斤穿多大", "ask_size")).text
    assert "M：身高155-170厘米、体重100-120斤" in text


async def test_a_size_without_stock_is_said_to_be_so(bot: Bot, stock: Callable[..., None]) -> None:
    for sku in ("P2001-02", "P2001-05", "P2001-08"):
        stock(sku, 0)
    text = (await bot.talk().say("T恤一米七五130斤穿多大", "ask_size")).text
    assert "建议选L" in text and "L暂时没有货" in text


async def test_the_colour_counts_for_the_stock(bot: Bot, stock: Callable[..., None]) -> None:
    stock("P2001-05", 3, only="CD")
    text = (await bot.talk().say("黑色T恤一米七五130斤穿多大", "ask_size")).text
    assert "L现在有3件" in text


async def test_measures_are_corrected_and_the_product_changed(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("T恤一米七穿多大", "ask_size")
    assert "身高180厘米" in (await talk.say("不对，是一米八", "deny")).text
    reply = await talk.say("换成冲锋衣", "inform")
    assert "身高180厘米" in reply.text and await talk.active_form() == "size_form"
    assert "身高180厘米、体重150斤，山屿三合一冲锋衣建议选XL" in (await talk.say("150斤", "chitchat", 0.4)).text


async def test_an_interruption_is_answered_and_the_question_comes_back(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("T恤穿多大", "ask_size")
    reply = await talk.say("多少钱", "ask_price")
    assert "素野重磅纯棉T恤" in reply.messages[0]["text"] and "身高和体重" in reply.messages[-1]["text"]
    assert "建议选L" in (await talk.say("一米七五，130斤", "inform")).text


async def test_who_will_not_say_gets_the_chart_and_may_leave(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("T恤穿多大", "ask_size")
    assert "尺码表" in (await talk.say("不知道", "deny")).text and await talk.active_form() is None
    await talk.say("T恤穿多大", "ask_size")
    assert "先不办了" in (await talk.say("算了", "deny")).text and await talk.active_form() is None


async def test_in_the_stock_flow_it_is_answered_without_leaving_it(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("T恤有货吗", "ask_stock", page_sku="P2001-01")
    reply = await talk.say("175 130斤穿多大", "ask_size")
    assert "建议选L" in reply.messages[0]["text"] and await talk.active_form() == "stock_form"
    assert "身高体重" in (await talk.say("穿多大", "ask_size")).messages[0]["text"]
