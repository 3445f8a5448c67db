"""Real concurrency, by threads on both databases: one owner, one number for each message, no agent over capacity."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot import conversations
from bot.conversations import IllegalMove, Request, Store

AGENTS, CHATS = 6, 8


def together(work: list[Callable[[], Any]]) -> list[Any]:
    """Run all at the same moment, each in a thread; results or exceptions."""
    gate = threading.Barrier(len(work))

    def run(one: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return one()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_two_agents_never_take_the_same_chat(
    any_store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    for number in range(AGENTS):
        person(any_store, f"a{number}")
    for _ in range(CHATS):
        chat = begin(any_store)
        conversations.request_person(any_store, chat, Request("request_human"))
        results = together(
            [lambda n=n, c=chat: conversations.claim(any_store, c, f"a{n}", force=True) for n in range(AGENTS)]
        )
        assert results.count(True) == 1, results
        assert all(r is True or r is False or isinstance(r, IllegalMove) for r in results), results
        heard = [e for e in conversations.events_after(any_store, 0) if e.conversation_id == chat]
        assert [e.data["move"] for e in heard if e.kind == "owner"] == ["request", "claim"]


def test_nobody_gets_more_than_she_can_take(
    any_store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    person(any_store, "anna", capacity=3)
    chats = [begin(any_store) for _ in range(CHATS)]
    for chat in chats:
        conversations.request_person(any_store, chat, Request("request_human"))
    results = together([lambda c=chat: conversations.claim(any_store, c, "anna") for chat in chats])
    assert Counter(map(str, results)) == {"True": 3, "False": CHATS - 3}
    assert conversations.list_agents(any_store)[0].open_chats == 3


def test_messages_of_many_at_once_have_their_own_numbers_and_events_no_gaps(
    any_store: Store, begin: Callable[..., str]
) -> None:
    chats = [begin(any_store) for _ in range(3)]
    work = [
        lambda c=chat, n=n: conversations.receive(
            any_store, c, {"text": str(n)}, client_id=f"m{n % 8}", request={"text": str(n)}
        )
        for chat in chats
        for n in range(12)
    ]
    results = together(work)
    assert not [r for r in results if isinstance(r, Exception)]
    for chat in chats:
        assert [m.number for m in conversations.history(any_store, chat)] == list(range(1, 9))
    events = conversations.events_after(any_store, 0)
    assert [e.number for e in events] == list(range(1, len(events) + 1)) and len(events) == 3 * 8


def test_one_worker_gets_a_conversation(any_store: Store, begin: Callable[..., str]) -> None:
    chat = begin(any_store)
    conversations.receive(any_store, chat, {"text": "在吗"}, request={"text": "在吗"})
    results = together([lambda w=n: conversations.take(any_store, chat, f"host{w}/1/x") for n in range(6)])
    assert sum(bool(r) for r in results) == 1 and not [r for r in results if isinstance(r, Exception)]


def test_one_worker_gets_a_message_to_send(any_store: Store, begin: Callable[..., str]) -> None:
    for number in range(5):
        chat = begin(any_store, address={"to": number})
        conversations.say(any_store, chat, {"text": "您好"})
    results = together([lambda w=n: conversations.take_outgoing(any_store, "test", f"host{w}/1/x") for n in range(5)])
    got = [out.conversation_id for result in results for out in result]
    assert len(got) == len(set(got)) == 5


def test_a_conversation_is_begun_once(any_store: Store, begin: Callable[..., str]) -> None:
    results = together([lambda: begin(any_store, "same") for _ in range(6)])
    assert len(set(results)) == 1, results


@pytest.mark.parametrize("round_", range(4))
def test_the_bot_and_a_person_who_steps_in_never_both_speak(
    any_store: Store, begin: Callable[..., str], person: Callable[..., None], round_: int
) -> None:
    person(any_store, "boss")
    chat = begin(any_store)
    number = conversations.receive(any_store, chat, {"text": "下单"}, request={"text": "下单"}).number
    results = together(
        [
            lambda: conversations.finish(any_store, chat, number, [{"text": "好的"}]),
            lambda: conversations.take_over(any_store, chat, "boss"),
        ]
    )
    assert not [r for r in results if isinstance(r, Exception)]
    events = [(e.kind, e.data.get("author")) for e in conversations.events_after(any_store, 0) if e.conversation_id]
    said = [event for event in events if event in (("owner", None), ("message", "bot"))]
    assert said in ([("owner", None)], [("message", "bot"), ("owner", None)])
