"""What each message leaves in slots: tiers, the conversation's mood, and a soothing sentence."""

from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import listening
from actions.listening import Listen, messages_and_answers
from bot.nlu.mood import seconds_waited
from tests.dialogue import Bot, Guesses

SOOTHED = "很理解您着急的心情"
ANGRY = ("impatient", 2)


@pytest.fixture(autouse=True)
def meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two texts mean the same when they end alike; the encoder has tests of its own."""
    monkeypatch.setattr(listening, "likeness", lambda one, other: 1.0 if one[-2:] == other[-2:] else 0.0)


@pytest.mark.parametrize(
    ("text", "guesses", "base"),
    [
        ("多少钱", {"ask_price": 0.95}, "presale"),
        ("退货", {"return_goods": 0.95}, "aftersale"),
        ("太差了", {"complain_quality": 0.5, "complain_service": 0.45}, "complaint"),
        ("那个啥", {"ask_price": 0.5, "return_goods": 0.4}, None),
        ("/thank", {}, "other"),
        ("/nlu_fallback", {}, None),
        ("", {}, None),
    ],
)
async def test_the_base_intent_is_kept(bot: Bot, text: str, guesses: Guesses, base: str | None) -> None:
    talk = bot.talk()
    await talk.say("多少钱", "ask_price")
    await talk.say(text, guesses=guesses)
    assert (await talk.slots()).get("base_intent") == base


async def test_emotion_and_score_are_kept_and_a_button_leaves_them(bot: Bot) -> None:
    talk = bot.talk()
    for text, feeling in (("不错", ("satisfied", 5)), ("/ask_price", None), ("快点", ("impatient", 1))):
        await talk.say(text, "praise", **({"feeling": feeling} if feeling else {}))
        slots = await talk.slots()
        name, score = feeling or ("satisfied", 5)
        assert (slots["emotion"], slots["emotion_score"], slots["upset"]) == (name, score, score <= 2)


async def test_the_same_question_again_makes_an_impatient_customer(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("什么时候发货", "ask_delivery_time")
    reply = await talk.say("到底啥时候发货", "ask_delivery_time")
    slots = await talk.slots()
    assert (slots["emotion"], slots["emotion_score"], slots["repeated"]) == ("impatient", 2, 1)
    assert reply.messages[0]["text"].startswith(SOOTHED) and "截单" in reply.messages[1]["text"]
    await talk.say("能开发票吗", "ask_invoice")
    assert (await talk.slots())["emotion"] == "calm"


async def test_another_thing_is_no_repetition(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("iPhone 14多少钱", "ask_price")
    await talk.say("iPhone 13多少钱", "ask_price")
    assert (await talk.slots())["repeated"] == 0
    talk = bot.talk()
    await talk.say("多少钱", "ask_price", page_sku="P1001-04")
    await talk.say("这个多少钱", "ask_price", page_sku="P1001-05")
    assert (await talk.slots())["repeated"] == 0


async def test_a_message_read_once_more_is_no_repetition(bot: Bot) -> None:
    talk = bot.talk()
    await talk.say("iPhone 14 256G在不在", guesses={"ask_stock": 0.6, "ask_price": 0.2})
    assert "您咨询的是" in (await talk.say("第一个", "inform")).text
    assert (await talk.slots())["repeated"] == 0 and (await talk.slots())["emotion"] == "calm"


async def test_one_soothing_sentence_a_conversation(bot: Bot) -> None:
    talk = bot.talk()
    replies = [await talk.say("快点啊", "urge_delivery", feeling=ANGRY) for _ in range(3)]
    assert [SOOTHED in reply.text for reply in replies] == [True, False, False]
    assert all("订单" in reply.text for reply in replies)


async def test_the_sentence_comes_before_a_flow_too_and_once(bot: Bot) -> None:
    reply = await bot.talk().say("iPhone 14 256G到底有没有货", "ask_stock", feeling=ANGRY)
    assert [SOOTHED in m["text"] for m in reply.messages] == [True, False]


@pytest.mark.parametrize(
    ("text", "guesses", "feeling"),
    [
        ("转人工", {"request_human": 0.99}, ANGRY),
        ("什么态度", {"complain_service": 0.99}, ANGRY),
        ("那个啥", {"ask_price": 0.5, "ask_size": 0.3}, ANGRY),
        ("多少钱", {"ask_price": 0.99}, ("hesitant", 3)),
        ("不是", {"deny": 0.99}, ANGRY),
        ("/urge_delivery", {}, ANGRY),
    ],
)
async def test_nobody_is_soothed_who_gets_a_person_or_is_calm(
    bot: Bot, text: str, guesses: Guesses, feeling: tuple[str, int]
) -> None:
    assert SOOTHED not in (await bot.talk().say(text, guesses=guesses, feeling=feeling)).text


def user(text: str, at: float, intent: str = "ask_price", **more: Any) -> dict[str, Any]:
    parsed = {"intent": {"name": intent, "confidence": 0.9}, "text": text, **more}
    return {"event": "user", "text": text, "timestamp": at, "parse_data": parsed}


def said(response: str) -> dict[str, Any]:
    return {"event": "bot", "metadata": {"utter_action": response}}


@pytest.mark.parametrize(
    ("events", "seconds"),
    [
        ([user("多少钱", 100)], 0),
        ([user("多少钱", 100), said("utter_price"), user("包邮吗", 160)], 0),
        ([user("多少钱", 100), user("包邮吗", 160)], 60),
        ([user("多少钱", 100), said("utter_rephrase"), user("包邮吗", 160)], 60),
        ([user("转人工", 100, "request_human"), said("utter_request_human"), user("在吗", 700, "greet")], 600),
        ([user("转人工", 100, "request_human"), said("utter_request_human"), {"event": "bot"}, user("嗯", 700)], 0),
        ([user("你好", 100, "greet"), user("在吗", 160, "greet")], 0),
        ([user("/ask_price", 100), user("包邮吗", 160)], 0),
        ([], 0),
    ],
)
def test_waiting_is_counted_from_the_question_that_stays_open(events: list[dict[str, Any]], seconds: float) -> None:
    assert seconds_waited(messages_and_answers(events)) == seconds


async def listen(events: list[dict[str, Any]], slots: dict[str, Any] | None = None) -> tuple[dict[str, Any], list[str]]:
    """The slots that are set by the last of `events`, and the responses said."""
    last = events[-1]
    message = {**last["parse_data"], "metadata": {}}
    dispatcher = CollectingDispatcher()
    tracker = Tracker("someone", slots or {}, message, events, False, None, {}, None)
    found = await Listen().run(dispatcher, tracker, {})
    return {e["name"]: e["value"] for e in found}, [m["response"] for m in dispatcher.messages]


async def test_who_waits_for_an_answer_grows_impatient() -> None:
    asked = [user("转人工", 100, "request_human"), said("utter_request_human")]
    slots, _ = await listen([*asked, user("几点发货", 110, "ask_delivery_time")])
    assert slots["emotion"] == "calm"
    slots, _ = await listen([*asked, user("几点发货", 400, "ask_delivery_time")])
    assert (slots["emotion"], slots["emotion_score"]) == ("impatient", 2)


async def test_faster_and_faster_with_marks_is_impatience() -> None:
    slots, spoken = await listen([user("a1", 0), said("x"), user("b2", 30), said("x"), user("发货啊！！", 35)])
    assert slots["emotion"] == "impatient" and spoken == ["utter_soothe"]


async def test_an_earlier_session_is_forgotten() -> None:
    slots, _ = await listen([user("多少钱", 0), {"event": "session_started"}, user("多少钱", 9)])
    assert slots["repeated"] == 0


async def test_running_twice_in_a_turn_changes_nothing() -> None:
    events = [user("多少钱", 0), said("x"), user("多少钱", 9)]
    first, spoken = await listen(events)
    assert spoken == ["utter_soothe"] and first["soothed"] is True
    assert await listen(events, {**first, "unclear": None}) == ({}, [])
