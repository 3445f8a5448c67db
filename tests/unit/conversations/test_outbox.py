"""The outbox: in order, held by one worker, sent again after a failure or a crash, given up without a jam."""

import time
from collections.abc import Callable

import pytest

from bot import conversations
from bot.conversations import Request, Store

ME, OTHER = "elsewhere/1/me", "elsewhere/2/other"


def taken(store: Store, worker: str = ME) -> list[str]:
    return [out.message.content["text"] for out in conversations.take_outgoing(store, "test", worker)]


def test_messages_leave_in_order_one_at_a_time(any_store: Store, begin: Callable[..., str]) -> None:
    chat = begin(any_store, "o1", address={"openid": "o1"})
    other = begin(any_store, "o2", address={"openid": "o2"})
    for word in "一二":
        conversations.say(any_store, chat, {"text": word})
    conversations.say(any_store, other, {"text": "别人"})
    first, theirs = conversations.take_outgoing(any_store, "test", ME)
    assert (first.address, first.message.content, first.attempts) == ({"openid": "o1"}, {"text": "一"}, 1)
    assert taken(any_store, OTHER) == [] and taken(any_store) == []
    conversations.sent(any_store, first, "platform-1")
    conversations.sent(any_store, theirs)
    assert taken(any_store, OTHER) == ["二"]


def test_a_failed_one_is_due_later_and_holds_back_the_next(store: Store, begin: Callable[..., str]) -> None:
    chat = begin(store, address={"openid": "o1"})
    for word in "一二":
        conversations.say(store, chat, {"text": word})
    first = conversations.take_outgoing(store, "test", ME)[0]
    conversations.try_again(store, first, "timeout", 30)
    assert taken(store) == []
    assert conversations.next_due(store, "test") == pytest.approx(time.time() + 30, abs=5)
    conversations.try_again(store, first, "timeout", -1)
    again = conversations.take_outgoing(store, "test", ME)[0]
    assert (again.attempts, again.key) == (2, first.key) and len(again.key) == 32
    conversations.give_up(store, again, "blocked")
    assert taken(store) == ["二"]
    assert [e.data["error"] for e in conversations.events_after(store, 0) if e.kind == "undelivered"] == ["blocked"]
    conversations.try_again(store, again, "late", 0)  # a late failure does not bring it back
    assert taken(store) == []


def test_what_a_dead_worker_held_comes_back(
    store: Store, begin: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = begin(store, address={"openid": "o1"})
    conversations.say(store, chat, {"text": "一"})
    dead = f"{conversations.new_worker().split('/')[0]}/{2**22 + 1}/x"
    assert taken(store, dead) == ["一"] and taken(store, ME) == ["一"]
    assert taken(store, OTHER) == []
    conversations.release_outgoing(store, ME)
    again = conversations.take_outgoing(store, "test", OTHER)[0]
    assert again.attempts == 2
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert taken(store, ME) == ["一"]


def test_all_that_the_customer_shall_hear_goes_out_and_nothing_else(
    store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    chat, page = begin(store, address={"openid": "o1"}), begin(store)
    person(store, "anna")
    for one in (chat, page):
        conversations.receive(store, one, {"text": "转人工"}, request={"text": "转人工"})
        conversations.request_person(store, one, Request("request_human"))
        conversations.finish(store, one, 1, [{"text": "请稍候"}])
        conversations.system_says(store, one, {"text": "第1位"})
        conversations.claim(store, one, "anna")
        conversations.add_note(store, one, "anna", {"text": "老顾客"})
        conversations.agent_says(store, one, "anna", {"text": "您好"})
    out = []
    while found := conversations.take_outgoing(store, "test", ME):
        for each in found:
            out.append(each.message.content["text"])
            conversations.sent(store, each)
    assert out == ["请稍候", "第1位", "您好"]


def test_a_new_address_is_used_at_once(store: Store, begin: Callable[..., str]) -> None:
    chat = begin(store, "o1", address={"url": "old"})
    conversations.say(store, chat, {"text": "一"})
    assert begin(store, "o1", address={"url": "new"}) == chat and begin(store, "o1") == chat
    assert conversations.take_outgoing(store, "test", ME)[0].address == {"url": "new"}


def test_what_a_wrong_clock_has_put_off_can_be_hurried(store: Store, begin: Callable[..., str]) -> None:
    chat, other = begin(store, address={"openid": "o1"}), begin(store, "o2", address={"openid": "o2"})
    for conversation in (chat, other):
        conversations.say(store, conversation, {"text": conversation})
    first, second = conversations.take_outgoing(store, "test", ME)
    conversations.try_again(store, first, "timeout", 3600)
    conversations.hurry(store, "another channel")
    assert taken(store) == []
    conversations.hurry(store, "test")
    assert taken(store, OTHER) == [first.message.content["text"]]  # and not the one that is being sent
    conversations.sent(store, second)
