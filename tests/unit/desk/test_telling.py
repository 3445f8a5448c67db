"""What happens at the desk reaches the event store once and in order, over crashes too, and the figures take it."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import clock, conversations
from bot.conversations import Request, Store
from bot.db import engine_for, reading, upgrade
from bot.desk.telling import Teller
from bot.events import Event, add, since
from bot.insight import refresh
from bot.insight.tables import ContactRow, DayRow
from bot.settings import Settings

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=timezone.utc)


@pytest.fixture
def settings(store: Store, tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(var=tmp_path, chat_url=store.url)
    for room in ("events", "insight"):
        upgrade(settings.events_url, room)
    upgrade(settings.shop_url, "shop")
    yield settings
    for url in (settings.events_url, settings.shop_url):
        engine_for(url).dispose()


def kept(settings: Settings) -> list[Event]:
    return [stored.event for batch in since(settings.events_url, 0) for stored in batch]


def tell(store: Store, settings: Settings) -> list[Event]:
    teller = Teller(store, settings)
    teller.step()
    conversations.let_go(store, "telling", teller._worker)
    return kept(settings)


def at(seconds: float) -> Any:
    return clock.freeze(NOON + timedelta(seconds=seconds))


def a_day_at_the_desk(store: Store) -> str:
    """A complaint that waits too long, changes hands and is closed."""
    for name in ("anna", "bert"):
        conversations.save_agent(store, name, name.title())
    chat = conversations.open_conversation(store, "webchat", "customer")
    with at(0):
        conversations.set_presence(store, "anna", "online")
        note = {"text": "手机13812345678"}
        request = Request("complain_service", "complaint", note, priority=10, answer_seconds=30)
        conversations.request_person(store, chat, request)
    with at(1):
        conversations.receive(store, chat, {"text": "人呢？我的电话13812345678"}, request={"text": "人呢？"})
    with at(4):
        assert conversations.claim(store, chat, "anna")
    with at(40):
        (promise,) = conversations.promises(store)
        assert conversations.breach(store, chat, version=promise.version, next_seconds=30) == 1
    with at(45):
        conversations.claim(store, chat, "bert", force=True)
    with at(50):
        conversations.alert(store, chat, 1, reason="risk_word", words=["曝光"])
        conversations.agent_says(store, chat, "bert", {"text": "抱歉让您久等了"})
        conversations.add_note(store, chat, "bert", {"text": "脾气大"})
    with at(60):
        conversations.transfer(store, chat, "bert", to_agent="anna")
        assert conversations.claim(store, chat, "anna")
        conversations.agent_says(store, chat, "anna", {"text": "已为您退款"})
        conversations.close(store, chat, "anna", resolved=True)
    return chat


def test_everything_at_the_desk_is_told_once_in_order_with_its_data(store: Store, settings: Settings) -> None:
    chat = a_day_at_the_desk(store)
    told = tell(store, settings)
    assert [e.kind for e in told] == [
        "agent.presence", "handoff.requested", "message.customer", "handoff.assigned", "sla.breached",
        "handoff.returned", "handoff.assigned", "alert", "message.agent", "handoff.transferred", "handoff.assigned",
        "message.agent", "conversation.closed",
    ]  # fmt: skip
    assert {(e.conversation_id, e.channel) for e in told[1:]} == {(chat, "webchat")}
    by_kind = {e.kind: e for e in told}
    assert by_kind["handoff.requested"].data == {
        "reason": "complain_service", "category": "complaint", "priority": 10, "position": 1
    }  # fmt: skip
    assert by_kind["message.customer"].data["text"] == "人呢？我的电话138****5678"
    assert told[3].data == {"agent": "anna", "wait_ms": 4000, "category": "complaint"}
    breach = {"limit_s": 30, "level": 1, "late_s": 10.0, "category": "complaint", "agent": "anna"}
    assert by_kind["sla.breached"].data == breach
    assert by_kind["handoff.returned"].data == {"agent": "anna", "to": "queue", "reason": "sla"}
    assert by_kind["handoff.transferred"].data == {"agent": "bert", "to": "anna", "category": "complaint"}
    assert [e.actor for e in told if e.kind == "message.agent"] == ["bert", "anna"]
    assert by_kind["conversation.closed"].data == {"by": "agent", "agent": "anna", "resolved": True}


def test_a_process_killed_at_any_moment_loses_and_doubles_nothing(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day_at_the_desk(store)

    class Killed(Exception): ...

    def kill(*_: Any, **__: Any) -> None:
        raise Killed

    for moment in ("set_told", "events_after", "channels_of"):
        with monkeypatch.context() as patched:
            patched.setattr(conversations, moment, kill)
            teller = Teller(store, settings)
            with pytest.raises(Killed):
                teller.step()
        conversations.let_go(store, "telling", teller._worker)  # as of a process that does not live
    ids = [e.id for e in tell(store, settings)]
    assert len(ids) == 13 == len(set(ids)) and conversations.told(store) == conversations.last_event(store)
    assert [e.id for e in tell(store, settings)] == ids


def test_figures_take_what_the_desk_tells(store: Store, settings: Settings) -> None:
    chat = a_day_at_the_desk(store)
    tell(store, settings)
    refresh(settings)
    with reading(settings.events_url) as session:
        (contact,) = session.execute(select(ContactRow)).scalars()
        (day,) = session.execute(select(DayRow)).scalars()
    assert (contact.conversation_id, contact.handled_by, contact.agent) == (chat, "agent", "anna")
    assert (contact.first_response_ms, contact.agent_messages, contact.customer_messages) == (49_000, 2, 1)
    assert contact.sla_breaches == 1
    assert (day.agent, day.responded, day.response_ms, day.messages) == ("anna", 1, 49_000, 3)


def test_the_hand_off_counts_for_the_visit_that_asked_for_it(store: Store, settings: Settings) -> None:
    """Rasa tells the question, the desk what came of it."""
    conversations.save_agent(store, "anna", "Anna")
    chat = conversations.open_conversation(store, "webchat", "customer")
    with at(0):
        asked = Event(
            "message.customer", chat, NOON, channel="webchat", data={"text": "转人工", "base_intent": "other"}
        )
        add(settings.events_url, [asked])
    with at(1):
        conversations.request_person(store, chat, Request("request_human", "presale"))
    with at(8):
        assert conversations.claim(store, chat, "anna", force=True)
    with at(9):
        conversations.agent_says(store, chat, "anna", {"text": "您好"})
    tell(store, settings)
    refresh(settings)
    with reading(settings.events_url) as session:
        (contact,) = session.execute(select(ContactRow)).scalars()
    assert (contact.handed_off, contact.handoff_reason, contact.wait_ms) == (True, "request_human", 7000)
    assert (contact.first_response_ms, contact.handled_by, contact.agent) == (9000, "agent", "anna")


def test_a_ticket_is_a_hand_off_that_found_nobody(store: Store, settings: Settings) -> None:
    chat = conversations.open_conversation(store, "webchat", "customer")
    number = conversations.open_ticket(store, chat, Request("request_human", "aftersale"))
    told = tell(store, settings)
    assert [e.kind for e in told] == ["handoff.requested", "handoff.ticket"]
    assert told[0].data["reason"] == "request_human" and told[1].data["ticket"] == number
    conversations.save_agent(store, "anna", "Anna")
    conversations.take_ticket(store, number, "anna")
    assert [e.kind for e in tell(store, settings)[2:]] == ["handoff.ticket", "handoff.assigned"]


def test_what_the_bot_had_not_begun_is_told_when_a_person_gets_it(store: Store, settings: Settings) -> None:
    """Messages of a turn that runs are told by Rasa; those behind it by the desk."""
    chat = conversations.open_conversation(store, "webchat", "customer")
    for text in ("转人工", "快点"):
        conversations.receive(store, chat, {"text": text}, request={"text": text})
    conversations.take(store, chat, "host/1/worker")
    conversations.request_person(store, chat, Request("request_human"))
    conversations.finish(store, chat, 1, [{"text": "好的"}])
    texts = [e.data["text"] for e in tell(store, settings) if e.kind == "message.customer"]
    assert texts == ["快点"]


def test_untold_news_is_not_forgotten(store: Store, settings: Settings) -> None:
    with at(0):
        chat = conversations.open_conversation(store, "webchat", "customer")
        conversations.save_agent(store, "anna", "Anna")
        conversations.take_over(store, chat, "anna")
        conversations.agent_says(store, chat, "anna", {"text": "在"})
    with at(9 * 86400):
        conversations.forget_events(store, timedelta(days=2))
        assert "message.agent" in [e.kind for e in tell(store, settings)]
        conversations.forget_events(store, timedelta(days=2))
        assert [e.kind for e in conversations.events_after(store, 0)] == ["agent", "owner"]


def measured(settings: Settings) -> ContactRow:
    refresh(settings)
    with reading(settings.events_url) as session:
        (contact,) = session.scalars(select(ContactRow)).all()
        return contact


def bot_heard(settings: Settings, chat: str) -> None:
    """Rasa tells of the customer's message that asks for a person; nothing of a reply."""
    add(settings.events_url, [Event("message.customer", chat, clock.now(), "of-rasa", "webchat", "customer", {})])


def two_agents(store: Store) -> str:
    for name in ("anna", "bert"):
        conversations.save_agent(store, name, name.title())
    return conversations.open_conversation(store, "webchat", "customer")


def test_the_first_answer_counts_from_when_the_customer_wrote(store: Store, settings: Settings) -> None:
    """The bot did not come to it; a person took the chat with what waited in it."""
    chat = two_agents(store)
    with at(0):
        conversations.receive(store, chat, {"text": "在吗"}, request={"text": "在吗"})
    with at(60):
        conversations.take_over(store, chat, "anna")
    with at(70):
        conversations.agent_says(store, chat, "anna", {"text": "您好"})
    tell(store, settings)
    contact = measured(settings)
    assert (contact.first_response_ms, contact.rounds, contact.rounds_ms) == (70_000, 1, 70_000)
    assert contact.wait_ms is None  # nobody had asked for a person


def test_the_wait_for_a_person_ends_with_who_answers(store: Store, settings: Settings) -> None:
    """Taken by one who says nothing and loses it, passed on unanswered, answered by the third; one wait for her."""
    chat = two_agents(store)
    conversations.save_agent(store, "cara", "Cara")
    with at(0):
        bot_heard(settings, chat)
        conversations.request_person(store, chat, Request("asked"))
    with at(10):
        conversations.claim(store, chat, "anna", force=True)
    with at(310):
        assert conversations.return_to_queue(store, chat, agent_id="anna", reason="silent")
    with at(320):
        conversations.claim(store, chat, "bert", force=True)
    with at(330):
        conversations.transfer(store, chat, "bert", to_agent="cara")
    with at(340):
        conversations.claim(store, chat, "cara", force=True)
    with at(350):
        conversations.agent_says(store, chat, "cara", {"text": "您好"})
    told = tell(store, settings)
    assert [e.data["wait_ms"] for e in told if e.kind == "handoff.assigned"] == [10_000, 320_000, 340_000]
    (answered,) = conversations.latest_events(store, "answered", 9)
    assert answered.data["seconds"] == 350
    contact = measured(settings)
    assert (contact.wait_ms, contact.first_response_ms, contact.agent) == (340_000, 350_000, "cara")


def test_a_question_that_an_agent_leaves_unanswered_goes_on_waiting(store: Store, settings: Settings) -> None:
    """The first agent answered once; what the customer asked then, another answers: she waited since she asked."""
    chat = two_agents(store)
    with at(0):
        conversations.request_person(store, chat, Request("asked"))
    with at(5):
        conversations.claim(store, chat, "anna", force=True)
    with at(8):
        conversations.agent_says(store, chat, "anna", {"text": "您好"})
    with at(100):
        conversations.receive(store, chat, {"text": "怎么修"}, request={"text": "怎么修"})
    with at(400):
        conversations.return_to_queue(store, chat, agent_id="anna", reason="offline")
    with at(410):
        conversations.claim(store, chat, "bert", force=True)
    with at(420):
        conversations.agent_says(store, chat, "bert", {"text": "寄来就行"})
    told = tell(store, settings)
    assert [e.data["seconds"] for e in conversations.latest_events(store, "answered", 9)] == [320, 8]
    assert [e.data["wait_ms"] for e in told if e.kind == "handoff.assigned"] == [5000, 310_000]
    contact = measured(settings)
    assert (contact.first_response_ms, contact.rounds) == (320_000, 1)


def test_transferred_after_an_answer_the_wait_begins_anew(store: Store, settings: Settings) -> None:
    chat = two_agents(store)
    with at(0):
        bot_heard(settings, chat)
        conversations.request_person(store, chat, Request("asked"))
    with at(20):
        conversations.claim(store, chat, "anna", force=True)
    with at(30):
        conversations.agent_says(store, chat, "anna", {"text": "我转给维修"})
        conversations.transfer(store, chat, "anna", to_agent="bert")
    with at(90):
        conversations.claim(store, chat, "bert", force=True)
        conversations.agent_says(store, chat, "bert", {"text": "您好"})
    tell(store, settings)
    assert [e.data["seconds"] for e in conversations.latest_events(store, "answered", 9)] == [60, 30]
    contact = measured(settings)
    assert (contact.wait_ms, contact.first_response_ms) == (20_000, 30_000)


def test_who_waits_more_than_an_hour_is_still_the_same_visit(store: Store, settings: Settings) -> None:
    chat = two_agents(store)
    with at(0):
        bot_heard(settings, chat)
        conversations.request_person(store, chat, Request("asked"))
    with at(5000):
        conversations.claim(store, chat, "anna", force=True)
    with at(5020):
        conversations.agent_says(store, chat, "anna", {"text": "让您久等了"})
    with at(5030):
        conversations.receive(store, chat, {"text": "好"}, request={"text": "好"})
    with at(9000):
        conversations.close(store, chat, "anna")
    with at(9010):
        conversations.receive(store, chat, {"text": "谢谢"})
    tell(store, settings)
    contact = measured(settings)
    assert (contact.wait_ms, contact.first_response_ms, contact.handled_by) == (5_000_000, 5_020_000, "agent")
    assert contact.customer_messages == 2
