"""While a person has the chat, what the customer writes still gets its place on the curve of moods."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from serving import Running, until
from sides import WeChatSide, opened

from bot import conversations
from bot.channels import feelings
from bot.channels.feelings import messages_and_answers
from bot.clock import now
from bot.conversations import Request, Stored, emotions
from bot.conversations.events import latest_events
from bot.nlu.mood import Said, seconds_waited

ANGRY = {"name": "angry", "score": 1, "confidence": 0.9}


class Agent:
    """Rasa's agent, as far as the channels need it: a pipeline that knows one angry sentence."""

    def __init__(self) -> None:
        self.domain, self.processor, self.parsed = None, object(), list[str]()

    async def parse_message(self, text: str) -> dict[str, Any]:
        self.parsed.append(text)
        emotion = ANGRY if "骗子" in text else {"name": "calm", "score": 3, "confidence": 0.9}
        intent = {"name": "track_logistics", "confidence": 0.9}
        return {"intent": intent, "base_intent": intent, "entities": [], "emotion": emotion}


@pytest.fixture
async def side() -> AsyncIterator[WeChatSide]:
    async with opened("wechat") as made:
        assert isinstance(made, WeChatSide)
        yield made


async def with_a_person(side: WeChatSide, running: Callable[..., Any], agent: Any) -> tuple[Running, str]:
    server = await running(side.make, agent=agent)
    await side.say(server, "您好")
    await until(lambda: side.told() == ["回：您好"])
    chat = side.conversation(server)
    conversations.request_person(server.store, chat, Request(reason="asked"))
    return server, chat


def curve(server: Running, chat: str) -> list[tuple[str, int]]:
    return [(e.data["emotion"], e.data["score"]) for e in emotions(server.store, chat)]


async def test_the_curve_goes_on_and_a_fall_is_told(side: WeChatSide, running: Callable[..., Any]) -> None:
    agent = Agent()
    server, chat = await with_a_person(side, running, agent)
    await side.say(server, "在吗")
    await until(lambda: curve(server, chat) == [("calm", 3)])
    assert latest_events(server.store, "alert", 9) == []
    await side.say(server, "你们是骗子")
    await until(lambda: curve(server, chat) == [("calm", 3), ("angry", 1)])
    (alert,) = latest_events(server.store, "alert", 9)
    assert alert.data == {"reason": "emotion", "number": alert.data["number"], "score": 1, "before": 3}
    number = conversations.history(server.store, chat)[-1].number
    assert alert.conversation_id == chat and alert.data["number"] == number
    assert server.heard == ["您好"]  # the bot itself was not asked
    assert agent.parsed == ["您好", "在吗", "你们是骗子"]  # each once, however often one looks back


async def test_the_same_question_again_is_impatience(side: WeChatSide, running: Callable[..., Any]) -> None:
    server, chat = await with_a_person(side, running, Agent())
    for _ in range(2):
        await side.say(server, "我的快递到哪了")
    await until(lambda: curve(server, chat) == [("calm", 3), ("impatient", 2)])


async def test_what_the_bot_answers_is_not_read_twice(side: WeChatSide, running: Callable[..., Any]) -> None:
    agent = Agent()
    server = await running(side.make, agent=agent)
    await side.say(server, "你们是骗子")
    await until(lambda: side.told() == ["回：你们是骗子"])
    await asyncio.sleep(0.2)
    assert agent.parsed == [] and curve(server, side.conversation(server)) == []


async def test_without_a_model_the_chat_goes_on(side: WeChatSide, running: Callable[..., Any]) -> None:
    server, chat = await with_a_person(side, running, SimpleNamespace(domain=None, processor=None))
    await side.say(server, "在吗")
    await until(lambda: conversations.history(server.store, chat)[-1].content == {"text": "在吗"})
    await asyncio.sleep(0.2)
    assert curve(server, chat) == []


async def test_a_message_that_cannot_be_read_holds_up_nothing(
    side: WeChatSide, running: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Agent()
    real = agent.parse_message

    async def parse(text: str) -> dict[str, Any]:
        if text == "坏":
            raise RuntimeError("broken")
        return await real(text)

    monkeypatch.setattr(agent, "parse_message", parse)
    monkeypatch.setattr(feelings, "_LOOK_BACK", 1)
    server, chat = await with_a_person(side, running, agent)
    for text in ("坏", "你们是骗子"):
        await side.say(server, text)
    await until(lambda: curve(server, chat) == [("angry", 1)])


def test_waiting_ends_with_an_answer() -> None:
    begin = now()

    def message(number: int, author: str, seconds: float) -> Stored:
        return Stored("c", number, author, None, {"text": "x"}, None, begin + timedelta(seconds=seconds), "person")

    said = {number: Said("x", (begin + timedelta(seconds=10 * number)).timestamp()) for number in (1, 2, 4)}
    asked = [message(1, "customer", 10), message(2, "customer", 20), message(3, "system", 25)]

    def waited(messages: list[Stored]) -> float:
        return seconds_waited(messages_and_answers(messages, said))

    assert waited([*asked, message(4, "customer", 40)]) == pytest.approx(30)
    assert waited([*asked[:2], message(3, "agent", 25), message(4, "customer", 40)]) == 0
    assert list(messages_and_answers([message(1, "customer", 10), message(2, "bot", 11)], {})) == [None]
