"""Complaints: a way out for those who stay calm, a person for those who do not."""

import pytest

from bot.settings import get_settings
from tests.dialogue import Bot

WAYS_OUT = {
    "complain_logistics": {"查物流", "催一下", "转人工"},
    "complain_quality": {"退货", "换货", "转人工"},
    "give_suggestion": set(),
}


@pytest.mark.parametrize("intent", sorted(WAYS_OUT))
@pytest.mark.parametrize("feeling", [("calm", 3), ("hesitant", 3), ("satisfied", 4)])
async def test_a_calm_complaint_gets_a_way_out(bot: Bot, intent: str, feeling: tuple[str, int]) -> None:
    talk = bot.talk()
    reply = await talk.say("用了两次就坏", intent, feeling=feeling)
    assert set(reply.buttons) == WAYS_OUT[intent] and "handover" not in await talk.slots()


@pytest.mark.parametrize("intent", [*sorted(WAYS_OUT), "complain_service"])
@pytest.mark.parametrize("score", [1, 2])
async def test_an_angry_complaint_gets_a_person_at_once(bot: Bot, intent: str, score: int) -> None:
    talk = bot.talk()
    await talk.say("iPhone 14 256G有货吗", "ask_stock")
    reply = await talk.say("垃圾东西", intent, feeling=("impatient", score))
    assert "正在为您转接" in reply.text and "很理解您着急" not in reply.text
    note = (await talk.slots())["handover"]
    assert (note["reason"], note["emotion"], note["emotion_score"]) == (intent, "impatient", score)
    assert note["collected"]["product"] == "P1001" and await talk.active_form() is None


async def test_an_angry_complaint_needs_no_sure_detail(bot: Bot) -> None:
    for unsure in ({"complain_quality": 0.5, "complain_logistics": 0.4}, {"complain_quality": 0.6, "ask_refund": 0.3}):
        reply = await bot.talk().say("气死我了什么玩意", guesses=unsure, feeling=("impatient", 1))
        assert "正在为您转接" in reply.text
        assert "您是想问" in (await bot.talk().say("什么玩意", guesses=unsure)).text
    reply = await bot.talk().say(
        "气死我了", guesses={"complain_quality": 0.4, "ask_refund": 0.3}, feeling=("impatient", 1)
    )
    assert "您是想问" in reply.text


async def test_anger_alone_is_no_complaint(bot: Bot) -> None:
    reply = await bot.talk().say("多少钱啊快说", "ask_price", feeling=("impatient", 1))
    assert "哪款商品" in reply.text and "转接专属客服" not in reply.text


async def test_the_manager_sets_the_score(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings().operations.emotion, "handoff_score", 1)
    reply = await bot.talk().say("不太行", "complain_quality", feeling=("impatient", 2))
    assert "退货" in reply.buttons
    reply = await bot.talk().say("不太行", "complain_quality", feeling=("impatient", 1))
    assert "正在为您转接" in reply.text
