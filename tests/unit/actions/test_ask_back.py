"""Messages that were not understood: asked back once, then handed over, and never in a circle."""

from typing import Any

import pytest

from bot.settings import get_settings
from tests.dialogue import Bot, Guesses, Talk

UNSURE: Guesses = {"ask_price": 0.5, "ask_promotion": 0.3, "chitchat": 0.1}
STOCK = "您咨询的是iPhone 14 256G版本吗"


async def asked_back(bot: Bot, text: str = "iPhone 14那个啥", guesses: Guesses = UNSURE, **metadata: Any) -> Talk:
    talk = bot.talk()
    reply = await talk.say(text, guesses=guesses, **metadata)
    assert "您是想问" in reply.text
    return talk


async def test_the_two_best_guesses_are_buttons_with_their_titles(bot: Bot) -> None:
    reply = await bot.talk().say(
        "那个啥", guesses={"inform": 0.4, "ask_price": 0.3, "ask_promotion": 0.2, "ask_size": 0.1}
    )
    assert reply.buttons == {"价格": "/ask_price", "优惠活动": "/ask_promotion", "都不是": "/nlu_fallback"}
    assert "“价格”" in reply.text and "“优惠活动”" in reply.text


async def test_one_guess_is_asked_alone(bot: Bot) -> None:
    reply = await bot.talk().say("那个啥", guesses={"ask_price": 0.6, "thank": 0.3})
    assert reply.buttons == {"价格": "/ask_price", "不是": "/nlu_fallback"}


async def test_a_person_is_a_guess_worth_asking(bot: Bot) -> None:
    reply = await bot.talk().say("找个能说话的", guesses={"request_human": 0.6, "ask_bot": 0.3, "chitchat": 0.1})
    assert "转人工" in reply.buttons


@pytest.mark.parametrize(
    ("text", "guesses"),
    [
        ("😊", UNSURE),
        ("。。。", UNSURE),
        ("阿巴阿巴", {"ask_price": 0.1, "ask_promotion": 0.05}),
        ("哈哈哈", {"chitchat": 0.7, "praise": 0.1, "ask_price": 0.1}),
        ("阿巴", {"nlu_fallback": 0.3}),
        ("", {}),
    ],
)
async def test_mere_guessing_asks_for_other_words(bot: Bot, text: str, guesses: Guesses) -> None:
    reply = await bot.talk().say(text, guesses=guesses)
    assert "换个说法" in reply.text and list(reply.buttons) == ["转人工"]


@pytest.mark.parametrize(
    ("answer", "intent", "told"),
    [
        ("/ask_price", "", "iPhone 14现在的价格是"),
        ('/ask_price{"product": ["P1001"]}', "", "iPhone 14现在的价格是"),
        ("/ask_promotion", "", "优惠"),
        ("价格", "ask_price", "iPhone 14现在的价格是"),
        ("价格", "inform", "iPhone 14现在的价格是"),
        ("第一个", "inform", "iPhone 14现在的价格是"),
        ("1", "inform", "iPhone 14现在的价格是"),
        ("后面那个", "chitchat", "优惠"),
        ("是的", "affirm", "iPhone 14现在的价格是"),
        ("iPhone 13的价格", "ask_price", "iPhone 13现在的价格是"),
        ("能开发票吗", "ask_invoice", "发票"),
        ("iPhone 13", "inform", "iPhone 13有下面几种"),
        ("算了", "deny", "没关系"),
    ],
)
async def test_the_answer_goes_on_with_the_first_message(bot: Bot, answer: str, intent: str, told: str) -> None:
    talk = await asked_back(bot)
    # What is no business intent and not sure either comes as a message that is not understood.
    guesses = {intent: 0.4} if intent == "chitchat" else None
    reply = await talk.say(answer, intent if not guesses else "", guesses=guesses)
    assert told in reply.text and "没能明白" not in reply.text
    assert "handover" not in await talk.slots() and "unclear" not in await talk.slots()


async def test_a_choice_that_starts_a_flow_brings_entities_and_page(bot: Bot) -> None:
    guesses = {"ask_stock": 0.6, "ask_price": 0.2}
    talk = await asked_back(bot, "256G的在不在", guesses, page_product="P1001")
    assert STOCK in (await talk.say("/ask_stock")).text
    talk = await asked_back(bot, "诺基亚3310还在不在", guesses)
    assert "没有找到“诺基亚3310" in (await talk.say("/ask_stock")).text
    talk = await asked_back(bot, "要两台iPhone 14 256G行不行", guesses)
    assert STOCK in (await talk.say("1", guesses={"inform": 0.5})).text
    assert "2台共" in (await talk.say("是的", "affirm")).text


@pytest.mark.parametrize(
    ("answer", "guesses"),
    [
        ("/nlu_fallback", {}),
        ("都不是", {"deny": 0.99}),
        ("我说的是那个", UNSURE),
        ("😡", {}),
        ("第三个", {"inform": 0.9}),
    ],
)
async def test_no_choice_hands_over_with_everything_collected(bot: Bot, answer: str, guesses: Guesses) -> None:
    talk = await asked_back(bot, "iPhone 14那个啥，我在成都，订单DX20260101000001")
    reply = await talk.say(answer, guesses=guesses)
    assert "转接专属客服" in reply.text and "iPhone 14" in reply.text and "您是想问" not in reply.text
    note = (await talk.slots())["handover"]
    assert note["reason"] == "nlu_fallback" and note["unclear"][0].startswith("iPhone 14那个啥")
    assert (note["collected"]["product"], note["collected"]["city"]) == ("P1001", "成都")


async def test_the_count_begins_anew_after_each_understood_message(bot: Bot) -> None:
    talk = await asked_back(bot)
    for _ in range(3):
        assert "我是店小二" in (await talk.say("你是机器人吗", "ask_bot")).text
        assert "您是想问" in (await talk.say("那个啥", guesses=UNSURE)).text
    assert "handover" not in await talk.slots()


@pytest.mark.parametrize(("limit", "told"), [(1, [2]), (2, [1, 2]), (3, [1, 1, 2]), (4, [1, 1, 1, 2])])
async def test_the_manager_sets_how_often(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, limit: int, told: list[int]
) -> None:
    monkeypatch.setattr(get_settings().operations.confidence, "failures_before_handoff", limit)
    texts = {1: "换个说法", 2: "转接专属客服，请稍候"}
    for words in ("😊", ""):
        talk = bot.talk()
        for number in told:
            assert texts[number] in (await talk.say(words, guesses=UNSURE if words else {})).text


async def test_gibberish_and_a_question_count_together(bot: Bot) -> None:
    talk = bot.talk()
    assert "换个说法" in (await talk.say("😊")).text
    assert "您是想问" in (await talk.say("那个啥", guesses=UNSURE)).text
    assert "请稍候" in (await talk.say("那个啥", guesses=UNSURE)).text
    assert (await talk.slots())["handover"]["unclear"] == ["😊", "那个啥", "那个啥"]


async def test_after_the_hand_over_the_count_begins_anew(bot: Bot) -> None:
    talk = await asked_back(bot)
    await talk.say("/nlu_fallback")
    assert "unclear" not in await talk.slots()
    assert "您是想问" in (await talk.say("那个啥", guesses=UNSURE)).text


@pytest.mark.parametrize(
    "texts", [["阿巴阿巴", "歪比巴卜"], ["😊", "阿巴阿巴"], ["", ""], ["蓝色的有赠品吗", "可以吗？"]]
)
async def test_in_a_flow_the_question_is_repeated_once(bot: Bot, texts: list[str]) -> None:
    talk = bot.talk()
    await talk.say("iPhone 14 256G有货吗", "ask_stock")
    for _ in range(2):
        reply = await talk.say(texts[0], guesses=UNSURE if texts[0] else {})
        assert reply.messages[0]["text"] == "抱歉，这句我没太明白。" and STOCK in reply.messages[-1]["text"]
        reply = await talk.say("包邮吗", "ask_shipping_fee")  # understood, so the count begins anew
        assert STOCK in reply.messages[-1]["text"]
    await talk.say(texts[0], guesses=UNSURE if texts[0] else {})
    reply = await talk.say(texts[1], guesses=UNSURE if texts[1] else {})
    assert "请稍候" in reply.text and "iPhone 14 256G" in reply.text and STOCK not in reply.text
    assert await talk.active_form() is None


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("嗯嗯", "需要我为您生成订单吗"),
        ("/affirm", "需要我为您生成订单吗"),
        ("不是", "您想要iPhone 14的哪一种"),
        ("128G", "iPhone 14 128G版本吗"),
        ("换成蓝色", "iPhone 14 256G 蓝色版本吗"),
        ("算了", "先不下单"),
    ],
)
async def test_in_a_flow_the_answer_counts_by_what_it_holds(bot: Bot, answer: str, told: str) -> None:
    talk = bot.talk()
    await talk.say("iPhone 14 256G有货吗", "ask_stock")
    await talk.say("阿巴阿巴", guesses=UNSURE)
    assert told in (await talk.say(answer, guesses=UNSURE)).text
    reply = await talk.say("阿巴阿巴", guesses=UNSURE)
    assert "请稍候" not in reply.text  # the answer between was understood


async def test_a_name_that_nobody_knows_is_guessed_once(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("有货吗", "ask_stock")
    assert "没有找到“华威手机壳套装”" in (await talk.say("华威手机壳套装", guesses=UNSURE)).text
    assert "请稍候" in (await talk.say("歪比巴卜", guesses=UNSURE)).text
