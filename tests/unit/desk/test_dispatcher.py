"""Promises and their breaches, silent and absent agents, news for who waits; the clock is the test's own."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot import clock, conversations
from bot.conversations import Request, Store, owner_of
from bot.desk.dispatch import Dispatcher
from bot.desk.service import Service
from bot.desk.surveyor import Surveyor
from bot.settings import Operations

NOON = datetime.fromisoformat("2026-11-24T12:00:00+08:00")


class Hands:
    """A dispatcher, and a clock to set: `after(30)` is 30 s later."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.desk = Operations(desk={"silent_minutes": 5, "position_seconds": 20}).desk
        self.restart()
        self.seconds = 0.0

    def restart(self) -> None:
        """As a process that was killed comes back: nothing but the database is left."""
        self.dispatcher = Dispatcher(self.store, self.desk)

    def after(self, seconds: float) -> float | None:
        """Let the time pass and do all that is due; when the next thing will be."""
        self.seconds += seconds
        with clock.freeze(NOON + timedelta(seconds=self.seconds)):
            due: float | None = 0.0
            for _ in range(20):
                due = self.dispatcher.step()
                if due != 0.0:
                    return due
        raise AssertionError("it never comes to rest")

    def agent(self, name: str, presence: str = "online", **more: Any) -> None:
        conversations.save_agent(self.store, name, name.title(), **more)
        conversations.set_presence(self.store, name, presence)

    def chat(self, account: str = "c", **more: Any) -> str:
        with clock.freeze(NOON + timedelta(seconds=self.seconds)):
            chat = conversations.open_conversation(self.store, "test", account)
            conversations.request_person(self.store, chat, Request("x", **more))
            return chat

    def says(self, agent: str, chat: str) -> None:
        with clock.freeze(NOON + timedelta(seconds=self.seconds)):
            conversations.agent_says(self.store, chat, agent, {"text": "您好"})

    def owner(self, chat: str) -> str | None:
        one = conversations.summaries(self.store, [chat])[0]
        return one.agent_id or one.owner

    def said(self, chat: str) -> list[str]:
        return [m.content["text"] for m in conversations.history(self.store, chat) if m.author == "system"]

    def breaches(self) -> list[tuple[str | None, int]]:
        return [(e.agent_id, e.data["level"]) for e in reversed(conversations.latest_events(self.store, "sla", 99))]


@pytest.fixture
def hands(store: Store) -> Iterator[Hands]:
    yield Hands(store)


COMPLAINT: dict[str, Any] = {"category": "complaint", "priority": 10, "answer_seconds": 30}


def test_a_breached_promise_goes_to_the_next_agent_then_to_the_supervisor_each_recorded(hands: Hands) -> None:
    hands.agent("anna"), hands.agent("bert"), hands.agent("boss", supervisor=True)
    chat = hands.chat(**COMPLAINT)
    assert hands.after(0) == 30 and hands.owner(chat) == "anna"
    assert hands.after(29.9) == pytest.approx(0.1) and hands.owner(chat) == "anna" and hands.breaches() == []
    assert hands.after(0.1) == 30 and hands.owner(chat) == "bert"
    hands.after(30)
    assert hands.owner(chat) == "boss"
    hands.after(30)
    assert hands.owner(chat) == "boss"
    assert hands.breaches() == [("anna", 1), ("bert", 2), ("boss", 3)]
    hands.after(60)
    assert len(hands.breaches()) == 3


def test_an_answer_in_time_keeps_the_promise(hands: Hands) -> None:
    hands.agent("anna"), hands.agent("bert")
    chat = hands.chat(**COMPLAINT)
    hands.after(29)
    hands.says("anna", chat)
    assert hands.after(60) is None and hands.owner(chat) == "anna" and hands.breaches() == []


def test_a_complaint_that_nobody_is_free_for_escalates_too(hands: Hands) -> None:
    hands.agent("anna", capacity=1), hands.agent("boss", supervisor=True, capacity=1)
    first = hands.chat("c1")
    hands.after(0)
    hands.says("anna", first)
    conversations.claim(hands.store, hands.chat("c2"), "boss")
    chat = hands.chat("c3", **COMPLAINT)
    hands.after(30)
    assert hands.owner(chat) == "waiting" and hands.breaches() == [(None, 1)]
    hands.after(30)
    assert hands.owner(chat) == "boss" and hands.breaches() == [(None, 1), (None, 2)]


def test_timers_survive_a_restart_of_everything(hands: Hands) -> None:
    hands.agent("anna"), hands.agent("bert")
    chat = hands.chat(**COMPLAINT)
    hands.after(10)
    hands.restart()
    assert hands.after(0) == 20
    hands.after(100)
    assert hands.breaches()[0] == ("anna", 1) and hands.owner(chat) == "bert"


def test_complaints_jump_the_queue(hands: Hands) -> None:
    hands.agent("anna", "away", capacity=1), hands.agent("keeper", capacity=1)
    hands.chat("busy")
    hands.after(0)
    usual, vip, complaint = hands.chat("c1"), hands.chat("c2", vip=True, priority=5), hands.chat("c3", **COMPLAINT)
    conversations.set_presence(hands.store, "anna", "online")
    for expected in (complaint, vip, usual):
        hands.after(1)
        assert hands.owner(expected) == "anna"
        hands.says("anna", expected)
        conversations.close(hands.store, expected, "anna")


def test_an_agent_who_does_not_answer_loses_the_chat(hands: Hands) -> None:
    hands.agent("anna"), hands.agent("bert")
    chat = hands.chat()
    hands.after(0)
    assert hands.after(299) == pytest.approx(1) and hands.owner(chat) == "anna"
    hands.after(1)
    assert hands.owner(chat) == "bert"
    assert hands.said(chat)[1:] == [
        "让您久等了，正在为您换一位客服，请稍候。",
        "客服Bert来为您服务了，您前面说的她都能看到。",
    ]
    hands.says("bert", chat)
    assert hands.after(3600) is None and hands.owner(chat) == "bert"  # nobody waits for her


def test_alone_she_gets_it_back_and_it_does_not_go_round_and_round(hands: Hands) -> None:
    hands.agent("anna")
    chat = hands.chat()
    hands.after(0)
    for _ in range(3):
        assert hands.after(300) == 300 and hands.owner(chat) == "anna"
    assert len(hands.said(chat)) == 1 + 3 * 2


def test_of_whom_nothing_is_heard_is_offline(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Her process was killed, so that nobody noticed that she went."""
    hands.agent("anna")
    chat = hands.chat()
    hands.after(0)
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    hands.agent("bert")
    hands.after(1)
    assert hands.owner(chat) == "bert"
    assert [a.presence for a in conversations.list_agents(hands.store)] == ["offline", "online"]


def test_with_the_last_agent_gone_all_become_tickets(hands: Hands) -> None:
    hands.agent("anna", capacity=1)
    first, second = hands.chat("c1"), hands.chat("c2")
    hands.after(0)
    conversations.set_presence(hands.store, "anna", "offline")
    hands.after(1)
    assert owner_of(hands.store, first) == owner_of(hands.store, second) == "bot"
    assert {t.conversation_id for t in conversations.tickets(hands.store)} == {first, second}
    assert all("没有客服在线" in hands.said(chat)[-1] for chat in (first, second))


def test_who_waits_hears_when_she_moves_up_but_not_too_often(hands: Hands) -> None:
    hands.agent("anna", capacity=1)
    chats = [hands.chat(f"c{n}") for n in range(5)]
    hands.after(0)
    last = chats[-1]  # behind three others; the bot has told her how long it takes
    for number, seconds in ((0, 25), (1, 5)):
        conversations.close(hands.store, chats[number], "anna")
        due = hands.after(seconds)
    assert hands.said(last) == ["您前面还有2位，预计再等45秒。不想等了可以回复“不等了”。"] and due == 15
    hands.after(15)
    assert hands.said(last)[1:] == ["您前面还有1位，预计再等30秒。不想等了可以回复“不等了”。"]
    hands.after(60)
    assert len(hands.said(last)) == 2


@pytest.mark.parametrize(
    ("words", "cancels"), [("不等了", True), ("不等了！！", True), ("我不等了吗", False), ("好", False)]
)
def test_only_the_words_themselves_cancel(hands: Hands, words: str, cancels: bool) -> None:
    hands.agent("anna", capacity=1)
    hands.chat("c1")
    hands.after(0)
    chat = hands.chat("c2")
    conversations.receive(hands.store, chat, {"text": words})
    hands.after(1)
    assert (hands.owner(chat) == "bot") is cancels


async def test_the_clockwork_acts_at_the_moment_not_at_a_sweep(store: Store) -> None:
    desk = Operations().desk
    hands = Hands(store)
    hands.agent("anna"), hands.agent("bert")
    chat = conversations.open_conversation(store, "test", "c")
    services = [Service(store, Dispatcher(store, desk), Surveyor(store)) for _ in range(2)]  # as in two processes
    for service in services:
        await service.start()
    await asyncio.sleep(0.3)
    began = time.monotonic()
    conversations.request_person(store, chat, Request("x", **{**COMPLAINT, "answer_seconds": 1.5}))
    await _until(lambda: hands.owner(chat) == "anna")
    assert time.monotonic() - began < 1.2
    await _until(lambda: hands.owner(chat) == "bert")
    assert 1.5 <= time.monotonic() - began < 3
    assert hands.breaches() == [("anna", 1)]
    for service in services:
        await service.stop()


async def test_another_process_takes_over_when_one_stops(store: Store) -> None:
    hands = Hands(store)
    first, second = (Service(store, Dispatcher(store, hands.desk), Surveyor(store)) for _ in range(2))
    await first.start()
    await asyncio.sleep(0.2)
    await second.start()
    await asyncio.sleep(0.1)
    await first.stop()
    hands.agent("anna")
    chat = conversations.open_conversation(store, "test", "c")
    conversations.request_person(store, chat, Request("x"))
    await _until(lambda: hands.owner(chat) == "anna")
    await second.stop()


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


def test_who_takes_a_chat_from_the_bot_owes_the_answer_that_the_bot_did_not_give(hands: Hands) -> None:
    hands.agent("anna")
    hands.agent("bert", presence="away")
    with clock.freeze(NOON):
        chat = conversations.open_conversation(hands.store, "test", "c")
        conversations.receive(hands.store, chat, {"text": "在吗"}, request={"text": "在吗"})
    with clock.freeze(NOON + timedelta(seconds=10)):
        conversations.take_over(hands.store, chat, "bert")
    (one,) = conversations.summaries(hands.store, [chat])
    assert one.unanswered_since == NOON
    hands.after(200)
    assert hands.owner(chat) == "bert"
    hands.after(115)  # five minutes since he took it
    assert hands.owner(chat) == "anna"
