"""From the conversation to the desk: when a person is called, what she is told, what the customer hears."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from actions import person
from bot import clock, conversations
from bot.conversations import Store
from tests.dialogue import Bot, Talk


@pytest.fixture
def desk_talk(bot: Bot, chats: Store) -> Callable[..., Talk]:
    """A conversation that the desk knows; `agents` are online."""

    def begin(agents: int = 1) -> Talk:
        for number in range(agents):
            conversations.save_agent(chats, f"a{number}", f"A{number}")
            conversations.set_presence(chats, f"a{number}", "online")
        chat = conversations.open_conversation(chats, "webchat", uuid.uuid4().hex)
        return bot.talk("webchat", chat)

    return begin


def waiting(chats: Store) -> list[tuple[str, int]]:
    return [(w.category, w.priority) for w in conversations.waiting_list(chats)]


async def test_asked_for_a_person_one_is_called_with_all_that_is_known(
    desk_talk: Callable[..., Talk], chats: Store
) -> None:
    talk = desk_talk()
    await talk.say("iPhone 14 256G有货吗", "ask_stock")
    reply = await talk.say("转人工", "request_human")
    assert "为更好解决您的问题，我将为您转接专属客服，预计等待时间15秒" in reply.text and "iPhone 14 256G" in reply.text
    assert waiting(chats) == [("presale", 0)]
    note = conversations.listed(chats, owner="waiting")[0].note
    assert (note["reason"], note["flow"], note["collected"]["product"]) == ("request_human", "stock_form", "P1001")
    await talk.say("转人工", "request_human")
    assert waiting(chats) == [("presale", 0)]


async def test_an_angry_complaint_jumps_the_queue_and_must_be_answered_in_time(
    desk_talk: Callable[..., Talk], chats: Store
) -> None:
    reply = await desk_talk().say("垃圾东西", "complain_quality", feeling=("impatient", 1))
    assert "正在为您转接专属客服，预计等待时间" in reply.text
    assert waiting(chats) == [("complaint", 10)]
    promised = conversations.waiting_list(chats)[0].answer_by
    assert promised is not None and (promised - clock.now()).total_seconds() == 30


async def test_three_messages_not_understood(desk_talk: Callable[..., Talk], chats: Store) -> None:
    talk = desk_talk()
    for text in ("歪比巴卜", "歪比", "巴卜"):
        assert waiting(chats) == []
        await talk.say(text, guesses={"chitchat": 0.1})
    note = conversations.listed(chats, owner="waiting")[0].note
    assert note["reason"] == "nlu_fallback" and note["unclear"] == ["歪比巴卜", "歪比", "巴卜"]


async def test_still_not_sure_after_asking_back(desk_talk: Callable[..., Talk], chats: Store) -> None:
    talk, unsure = desk_talk(), {"ask_refund": 0.5, "return_goods": 0.4}
    await talk.say("那个钱的事", guesses=unsure)
    assert waiting(chats) == []
    await talk.say("就那个", guesses=unsure)
    assert len(waiting(chats)) == 1


async def test_with_nobody_there_a_ticket_is_left_and_the_bot_stays(
    desk_talk: Callable[..., Talk], chats: Store
) -> None:
    talk = desk_talk(agents=0)
    for _ in range(2):
        reply = await talk.say("转人工", "request_human")
        assert "没有客服在线" in reply.text and "转接" not in reply.text
    assert len(conversations.tickets(chats)) == 1 and waiting(chats) == []
    assert conversations.owner_of(chats, talk.sender) == "bot"


async def test_out_of_hours_the_customer_hears_when_people_come(desk_talk: Callable[..., Talk], chats: Store) -> None:
    with clock.freeze(datetime.fromisoformat("2026-11-24T02:00:00+08:00")):
        reply = await desk_talk(agents=0).say("转人工", "request_human")
    assert "今日08:00上班后" in reply.text


async def test_the_wait_grows_with_the_queue(desk_talk: Callable[..., Talk], chats: Store) -> None:
    talk = desk_talk(agents=2)
    for number in range(9):
        chat = conversations.open_conversation(chats, "webchat", f"other{number}")
        conversations.request_person(chats, chat, conversations.Request("x"))
    assert "预计等待时间2分钟" in (await talk.say("转人工", "request_human")).text  # 15 s × 10 / 2 = 75 s


async def test_in_a_turn_the_word_comes_before_the_queue(desk_talk: Callable[..., Talk], chats: Store) -> None:
    """The web channel's order: message in the inbox, turn, then the hand-over."""
    talk = desk_talk()
    number = conversations.receive(chats, talk.sender, {"text": "转人工"}, request={"text": "转人工"}).number
    reply = await talk.say("转人工", "request_human")
    assert conversations.owner_of(chats, talk.sender) == "bot"
    conversations.finish(chats, talk.sender, number, [{"text": reply.text}])
    assert conversations.owner_of(chats, talk.sender) == "waiting"
    said = [m.author for m in conversations.history(chats, talk.sender)]
    assert said == ["customer", "bot"]


async def test_given_back_the_bot_goes_on_with_its_slots(desk_talk: Callable[..., Talk], chats: Store) -> None:
    talk = desk_talk()
    await talk.say("发到上海，iPhone 14有货吗", "ask_stock")
    await talk.say("转人工", "request_human")
    before = await talk.slots()
    conversations.claim(chats, talk.sender, "a0")
    conversations.agent_says(chats, talk.sender, "a0", {"text": "您好"})
    conversations.give_back(chats, talk.sender, "a0")
    assert await talk.slots() == before and before["city"] == "上海"


async def test_a_broken_desk_is_told_honestly(desk_talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("down"))

    talk = desk_talk()
    monkeypatch.setattr(person.conversations, "request_person", broken)
    assert "没有成功" in (await talk.say("转人工", "request_human")).text
