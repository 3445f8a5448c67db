"""Who gets a message, what the bot may say, and that neither gets lost or said twice."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from bot import clock, conversations, db
from bot.conversations import IllegalMove, NotYours, Request, Store, states
from bot.conversations.tables import Conversation

NOON = datetime.fromisoformat("2026-11-24T12:00:00+08:00")


def ask(store: Store, chat: str, words: str, **more: Any) -> Any:
    return conversations.receive(store, chat, {"text": words}, request={"text": words, "metadata": {}}, **more)


def words_of(store: Store, chat: str, notes: bool = False) -> list[tuple[str, str]]:
    return [(m.author, m.content["text"]) for m in conversations.history(store, chat, notes=notes)]


def turn(store: Store, chat: str, *replies: str, worker: str = "elsewhere/1/a") -> list[str]:
    """The bot works through the oldest waiting message; what it was asked."""
    waiting = conversations.take(store, chat, worker)
    for message in waiting[:1]:
        conversations.finish(store, chat, message.number, [{"text": reply} for reply in replies])
    return [m.content["text"] for m in waiting]


def hand_over(store: Store, chat: str, **more: Any) -> None:
    conversations.request_person(store, chat, Request("request_human", **more))


def test_a_message_is_answered_once_and_in_order(any_store: Store, begin: Callable[..., str]) -> None:
    chat = begin(any_store)
    assert [ask(any_store, chat, word).number for word in "一二"] == [1, 2]
    assert turn(any_store, chat, "答一", "再答一") == ["一", "二"]
    assert turn(any_store, chat, "答二") == ["二"]
    assert turn(any_store, chat) == []
    said = [("customer", "一"), ("customer", "二"), ("bot", "答一"), ("bot", "再答一"), ("bot", "答二")]
    assert words_of(any_store, chat) == said
    assert [m.number for m in conversations.history(any_store, chat)] == [1, 2, 3, 4, 5]


def test_the_same_message_again_is_no_new_one(any_store: Store, begin: Callable[..., str]) -> None:
    chat = begin(any_store)
    first = ask(any_store, chat, "下单", client_id="m1")
    again = ask(any_store, chat, "下单", client_id="m1")
    assert (first.new, again.new, again.number) == (True, False, first.number)
    turn(any_store, chat, "好")
    assert not ask(any_store, chat, "下单", client_id="m1").new and turn(any_store, chat) == []


def test_a_finished_turn_is_not_finished_again(store: Store, begin: Callable[..., str]) -> None:
    """Two workers with one message, because the first was slow: the second has nothing to say."""
    chat = begin(store)
    number = ask(store, chat, "下单").number
    assert len(conversations.finish(store, chat, number, [{"text": "好"}])) == 1
    assert conversations.finish(store, chat, number, [{"text": "好"}]) == []
    assert words_of(store, chat) == [("customer", "下单"), ("bot", "好")]


def test_one_worker_at_a_time_until_it_is_dead(store: Store, begin: Callable[..., str]) -> None:
    chat = begin(store)
    ask(store, chat, "在吗")
    alive, other = conversations.new_worker(), conversations.new_worker()
    host, _, tail = alive.split("/")
    dead = f"{host}/{2**22 + 1}/{tail}"  # above the largest process id
    assert conversations.take(store, chat, dead)
    assert conversations.take(store, chat, alive)
    assert not conversations.take(store, chat, other) and conversations.take(store, chat, alive)
    assert not any(message.tried for message in conversations.take(store, chat, alive))
    conversations.release(store, alive)
    assert all(message.tried for message in conversations.take(store, chat, other))  # `alive` may have asked Rasa
    assert conversations.take(store, chat, "another-host/1/x", lease=60) == []
    conversations.take(store, chat, other, lease=-1)
    assert conversations.take(store, chat, "another-host/1/x", lease=60)
    assert conversations.take(store, chat, other) == []  # a process elsewhere cannot be looked at, so its lease counts


def test_while_a_person_is_waited_for_or_there_the_bot_gets_nothing(
    any_store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    store, chat = any_store, begin(any_store)
    person(store, "anna")
    assert ask(store, chat, "转人工").route == "bot"
    assert conversations.request_person(store, chat, Request("request_human")) == "pending"
    ask(store, chat, "快点")
    assert conversations.owner_of(store, chat) == "bot"
    assert turn(store, chat, "正在为您转接") == ["转人工", "快点"]
    assert conversations.owner_of(store, chat) == "waiting"
    assert ask(store, chat, "还在吗").route == "person" and turn(store, chat) == []
    assert conversations.claim(store, chat, "anna")
    assert ask(store, chat, "喂").route == "person" and turn(store, chat) == []
    conversations.agent_says(store, chat, "anna", {"text": "您好"})
    conversations.give_back(store, chat, "anna")
    assert ask(store, chat, "有货吗").route == "bot"
    assert turn(store, chat, "有") == ["有货吗"]
    assert [w for a, w in words_of(store, chat) if a != "customer"] == ["正在为您转接", "您好", "有"]


def test_what_the_bot_was_about_to_say_when_a_person_came_is_told_to_the_person_alone(
    any_store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    chat = begin(any_store)
    person(any_store, "boss")
    number = ask(any_store, chat, "下单").number
    conversations.take(any_store, chat, conversations.new_worker())
    conversations.take_over(any_store, chat, "boss")
    for _ in range(2):
        assert conversations.finish(any_store, chat, number, [{"text": "订单已生成"}]) == []
    assert words_of(any_store, chat) == [("customer", "下单")]
    assert words_of(any_store, chat, notes=True) == [("customer", "下单"), ("note", "订单已生成")]
    assert conversations.say(any_store, chat, {"text": "包裹到了"}) is None
    conversations.give_back(any_store, chat, "boss")
    assert turn(any_store, chat) == []  # the person has dealt with it


def test_asking_for_a_person_twice_is_asking_once(store: Store, begin: Callable[..., str]) -> None:
    chat = begin(store)
    assert conversations.request_person(store, chat, Request("a", priority=1)) == "waiting"
    before = conversations.waiting_list(store)
    with clock.freeze(clock.now() + timedelta(minutes=5)):
        assert conversations.request_person(store, chat, Request("b", priority=2)) == "waiting"
    assert conversations.waiting_list(store) == before


def test_a_closed_conversation_begins_anew(
    store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    chat = begin(store)
    person(store, "anna")
    hand_over(store, chat, category="complaint", priority=10)
    conversations.claim(store, chat, "anna")
    conversations.set_tags(store, chat, ["退款", "退款", "加急"])
    conversations.close(store, chat, "anna")
    assert conversations.owner_of(store, chat) == "closed"
    first, second = ask(store, chat, "你好"), ask(store, chat, "在吗")
    assert (first.route, first.request["fresh"], "fresh" in second.request) == ("bot", True, False)
    with store.reading() as session:
        row = session.get(Conversation, chat)
        assert (row.session, row.category, row.priority, row.tags, row.note) == (2, "", 0, [], None)


@pytest.mark.parametrize("owner", ["bot", "waiting", "agent", "closed"])
def test_only_the_owner_may_act(
    store: Store, begin: Callable[..., str], person: Callable[..., None], owner: str
) -> None:
    chat = begin(store)
    person(store, "anna"), person(store, "bert")
    if owner != "bot":
        hand_over(store, chat)
    if owner in ("agent", "closed"):
        conversations.claim(store, chat, "anna")
    if owner == "closed":
        conversations.close(store, chat, "anna")
    assert conversations.owner_of(store, chat) == owner
    for act in (conversations.give_back, conversations.close, conversations.transfer):
        with pytest.raises(NotYours):
            act(store, chat, "bert")
    for step_in in (False, owner != "agent"):
        with pytest.raises(NotYours):
            conversations.agent_says(store, chat, "bert", {"text": "x"}, step_in=step_in)
    if owner != "waiting":
        with pytest.raises(IllegalMove):
            conversations.claim(store, chat, "bert")
    assert conversations.return_to_queue(store, chat, agent_id="bert", reason="away") is False
    assert conversations.owner_of(store, chat) == owner and words_of(store, chat) == []


def test_every_owner_can_be_left_and_moves_lead_to_owners() -> None:
    assert all(set(moves.values()) <= set(states.MOVES) and moves for moves in states.MOVES.values())


def test_waiting_can_be_cancelled_only_before_a_person_came(
    store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    chat = begin(store)
    person(store, "anna")
    hand_over(store, chat)
    assert conversations.cancel(store, chat) and conversations.owner_of(store, chat) == "bot"
    assert conversations.cancel(store, chat) is False
    hand_over(store, chat)
    conversations.claim(store, chat, "anna")
    assert conversations.cancel(store, chat) is False and conversations.owner_of(store, chat) == "agent"


def test_capacity_and_presence_limit_what_is_given_to_an_agent(
    store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    chats = [begin(store) for _ in range(3)]
    person(store, "anna", capacity=1)
    for chat in chats:
        hand_over(store, chat)
    assert [conversations.claim(store, chat, "anna") for chat in chats] == [True, False, False]
    assert conversations.claim(store, chats[1], "anna", force=True)
    conversations.set_presence(store, "anna", "away")
    conversations.close(store, chats[0], "anna"), conversations.close(store, chats[1], "anna")
    assert conversations.claim(store, chats[2], "anna") is False


def test_a_returned_chat_keeps_its_place(store: Store, begin: Callable[..., str], person: Callable[..., None]) -> None:
    first, second, complaint = begin(store), begin(store), begin(store)
    person(store, "anna")
    with clock.freeze(NOON):
        hand_over(store, first, wanted_agent="anna")
    with clock.freeze(NOON + timedelta(seconds=5)):
        hand_over(store, second)
        conversations.claim(store, first, "anna")
        assert conversations.return_to_queue(store, first, agent_id="anna", reason="offline")
    with clock.freeze(NOON + timedelta(seconds=9)):
        hand_over(store, complaint, priority=10)
    queue = conversations.waiting_list(store)
    assert [w.id for w in queue] == [complaint, first, second]
    assert queue[1].since == NOON and queue[1].wanted_agent is None


def test_the_answer_time_is_learnt_from_the_first_answers(
    store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    chat = begin(store)
    person(store, "anna"), person(store, "bert")
    with clock.freeze(NOON):
        hand_over(store, chat)
        assert conversations.expected_wait(store).seconds == pytest.approx(15.0)
        conversations.claim(store, chat, "anna")
    for later in (65, 500):  # only the first word ends the waiting
        with clock.freeze(NOON + timedelta(seconds=later)):
            conversations.agent_says(store, chat, "anna", {"text": "您好"})
    assert conversations.answer_seconds(store) == pytest.approx(15 + 0.2 * 50)
    assert conversations.wait_seconds(20, 6, 2) == 60 and conversations.wait_seconds(20, 1, 5) == 20
    assert conversations.wait_seconds(20, 1, 0) == float("inf")


def test_nobody_there_makes_one_ticket_that_an_agent_takes_later(
    any_store: Store, begin: Callable[..., str], person: Callable[..., None]
) -> None:
    store, chat = any_store, begin(any_store)
    hand_over(store, chat, category="aftersale", note={"collected": {"order_number": "DX1"}})
    ticket = conversations.ticket_instead(store, chat)
    assert ticket and conversations.owner_of(store, chat) == "bot"
    assert conversations.ticket_instead(store, chat) is None
    assert conversations.open_ticket(store, chat, Request("request_human", note={"message": "请回电"})) == ticket
    person(store, "anna"), person(store, "bert")
    assert conversations.take_ticket(store, ticket, "anna") == chat
    assert conversations.owner_of(store, chat) == "agent"
    with pytest.raises(IllegalMove):
        conversations.take_ticket(store, ticket, "bert")
    with store.reading() as session:
        assert session.get(Conversation, chat).note == {
            "collected": {"order_number": "DX1"},
            "message": "请回电",
            "reason": "request_human",
        }


def test_notes_and_whispers_are_for_staff_alone(store: Store, begin: Callable[..., str]) -> None:
    chat = begin(store, address={"to": "x"})
    conversations.add_note(store, chat, "boss", {"text": "先道歉"})
    assert words_of(store, chat) == [] and words_of(store, chat, notes=True) == [("note", "先道歉")]
    assert conversations.take_outgoing(store, "test", conversations.new_worker()) == []


def test_a_word_of_the_house_is_said_once_and_only_while_it_is_true(store: Store, begin: Callable[..., str]) -> None:
    chat = begin(store)
    assert conversations.system_says(store, chat, {"text": "第2位"}, only="waiting") is None
    hand_over(store, chat)
    assert conversations.system_says(store, chat, {"text": "第2位"}, only="waiting", key="p2")
    assert conversations.system_says(store, chat, {"text": "第2位"}, only="waiting", key="p2") is None
    assert words_of(store, chat) == [("system", "第2位")]


def test_what_nobody_knows_is_an_error(store: Store) -> None:
    for act in (
        lambda: ask(store, "nobody", "x"),
        lambda: conversations.take(store, "nobody", "h/1/x"),
        lambda: conversations.request_person(store, "nobody", Request("x")),
        lambda: conversations.claim(store, "nobody", "anna"),
        lambda: conversations.take_ticket(store, 7, "anna"),
        lambda: conversations.set_presence(store, "anna", "online"),
    ):
        with pytest.raises(LookupError):
            act()


def test_a_failed_change_wakes_nobody(store: Store, begin: Callable[..., str]) -> None:
    chat = begin(store)
    before, last = list(store.bus.heard), conversations.last_event(store)  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError), store.changing() as change:
        change.event("message", change.conversation(chat))
        change.wake("message")
        raise RuntimeError
    assert store.bus.heard == before and conversations.last_event(store) == last  # type: ignore[attr-defined]


def test_events_are_numbered_without_gaps_and_forgotten_after_a_while(store: Store, begin: Callable[..., str]) -> None:
    chat = begin(store)
    with clock.freeze(NOON):
        ask(store, chat, "一")
        hand_over(store, chat)
        turn(store, chat)
    with clock.freeze(NOON + timedelta(days=2)):
        ask(store, chat, "二")
        heard = conversations.events_after(store, 0)
        assert [e.number for e in heard] == [1, 2, 3] and [e.kind for e in heard] == ["message", "owner", "message"]
        assert heard[1].data["move"] == "request"
        assert (conversations.first_event(store), conversations.last_event(store)) == (0, 3)
        conversations.forget_events(store, timedelta(days=1))
        assert conversations.first_event(store) == 0  # the event store has not been told yet
        conversations.set_told(store, 3)
        conversations.forget_events(store, timedelta(days=1))
    assert [e.number for e in conversations.events_after(store, 0)] == [2, 3]
    assert conversations.first_event(store) == 1


def test_a_chat_log_of_before_is_taken_over(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    engine = create_engine(url)
    with engine.begin() as old:
        old.execute(text("CREATE TABLE chat_conversations (id, channel, last_number, created_at)"))
        old.execute(
            text(
                "CREATE TABLE chat_messages (id INTEGER PRIMARY KEY, conversation_id, number, author, client_id,"
                " answers, content, request, state, created_at)"
            )
        )
        old.execute(text("CREATE TABLE alembic_version_channels (version_num)"))
        old.execute(text("INSERT INTO chat_conversations VALUES ('c1', 'webchat', 1, '2026-01-01 00:00:00.000000')"))
        old.execute(
            text(
                "INSERT INTO chat_messages VALUES (1,'c1',1,'customer','x',NULL,:c,:r,'waiting','2026-01-01 00:00:00')"
            ),
            {"c": json.dumps({"text": "在吗"}), "r": json.dumps({"text": "在吗"})},
        )
    engine.dispose()
    db.upgrade(url, "conversations")
    store = Store(url, conversations.Bus())
    assert conversations.waiting_conversations(store, "webchat") == ["c1"]
    assert turn(store, "c1", "在的") == ["在吗"] and ask(store, "c1", "好").number == 3
    db.engine_for(url).dispose()
