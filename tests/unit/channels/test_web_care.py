"""The customer's page around the talk: place in the queue, message for later, rating, pictures."""

from collections.abc import Callable
from typing import Any

import pytest

from bot import conversations
from bot.channels import web_care
from bot.conversations import Request
from bot.events import Event


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    events: list[Event] = []
    monkeypatch.setattr(web_care, "record", events.append)
    return events


async def opened(serve: Any, page: Callable[[], Any], **more: Any) -> tuple[Any, Any, str]:
    server, customer = await serve(**more), page()
    await customer.open(server)
    await customer.until(lambda: customer.owners)
    return server, customer, conversations.conversation_of(customer.session_id)


async def ask(customer: Any, event: str, **data: Any) -> dict[str, Any]:
    return dict(await customer.socket.call(event, {"session_id": customer.session_id, **data}, timeout=20))


async def test_who_waits_sees_the_place_and_how_others_leave_it(serve: Any, page: Any) -> None:
    server, customer, chat = await opened(serve, page)
    conversations.save_agent(server.store, "anna", "安娜")
    conversations.set_presence(server.store, "anna", "online")
    first = conversations.open_conversation(server.store, "webchat", "first")
    conversations.request_person(server.store, first, Request("x"))
    conversations.request_person(server.store, chat, Request("x"))
    await customer.until(lambda: bool(customer.owners) and (customer.owners[-1].get("place") or {}).get("ahead") == 1)
    seconds = customer.owners[-1]["place"]["seconds"]
    assert customer.owners[-1]["owner"] == "waiting" and seconds > 0
    conversations.cancel(server.store, first)
    await customer.until(lambda: customer.owners[-1]["place"]["ahead"] == 0)
    assert customer.owners[-1]["place"]["seconds"] < seconds
    conversations.set_presence(server.store, "anna", "away")
    server.channel._places.moved()
    await customer.until(lambda: customer.owners[-1]["place"]["seconds"] is None)  # nobody can tell
    assert (await ask(customer, "cancel_waiting"))["ok"]
    await customer.until(lambda: customer.owners[-1] == {**customer.owners[0], "owner": "bot"})
    await customer.until(lambda: bool(customer.live) and "已经取消排队" in customer.live[-1]["text"])


async def test_a_message_for_later_lands_on_the_ticket_once(serve: Any, page: Any) -> None:
    server, customer, chat = await opened(serve, page)
    conversations.open_ticket(server.store, chat, Request("request_human", "aftersale", {"text": "转人工"}, 3))
    await customer.until(lambda: customer.owners[-1]["ticket"] == {"contact": False})
    message = {"text": "帮我看看退款", "contact": "13800000000", "client_id": "left-0001"}
    for _ in range(2):
        assert (await ask(customer, "leave_message", **message)) == {"ok": True}
    await customer.until(lambda: customer.owners[-1]["ticket"] == {"contact": True})
    (ticket,) = conversations.tickets(server.store)
    assert (ticket.category, ticket.priority) == ("aftersale", 3)
    assert ticket.note == {"reason": "request_human", "text": "帮我看看退款", "contact": "13800000000"}
    log = conversations.history(server.store, chat)
    assert [(m.author, m.content.get("contact")) for m in log] == [("customer", "13800000000"), ("system", None)]
    assert not server.asked  # no word for the bot


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"text": " "}, "bad_text"),
        ({"text": "长" * 501}, "bad_text"),
        ({"contact": "1"}, "bad_contact"),
        ({"contact": "<b>x</b>"}, "bad_contact"),
        ({"contact": None}, "bad_contact"),
        ({"client_id": "x"}, "bad_client_id"),
        ({"session_id": "a" * 43}, "no_session"),
    ],
)
async def test_a_message_without_words_or_contact_is_refused(serve: Any, page: Any, wrong: Any, error: str) -> None:
    server, customer, _ = await opened(serve, page)
    message = {"text": "在吗", "contact": "13800000000", "client_id": "left-0001", **wrong}
    assert (await ask(customer, "leave_message", **message))["error"] == error
    assert conversations.tickets(server.store) == []


async def test_with_a_person_there_a_message_is_not_left_for_later(serve: Any, page: Any) -> None:
    server, customer, chat = await opened(serve, page)
    conversations.save_agent(server.store, "anna", "安娜")
    conversations.take_over(server.store, chat, "anna")
    answer = await ask(customer, "leave_message", text="在吗", contact="13800000000", client_id="left-0001")
    assert answer["error"] == "not_needed" and conversations.history(server.store, chat) == []


async def test_a_closed_chat_is_rated_once_also_after_the_next_words(serve: Any, page: Any, told: Any) -> None:
    server, customer, chat = await opened(serve, page)
    assert customer.owners[-1]["rating"] is None
    conversations.save_agent(server.store, "anna", "安娜")
    conversations.take_over(server.store, chat, "anna")
    assert (await ask(customer, "rate", of=1, stars=5))["error"] == "not_to_rate"
    conversations.close(server.store, chat, "anna")
    await customer.until(lambda: customer.owners[-1]["rating"])
    closing = customer.owners[-1]["rating"]
    await customer.say("谢谢")
    for wrong in ({"stars": 6}, {"stars": True}, {"stars": "5"}, {"solved": "yes"}, {}):
        assert (await ask(customer, "rate", of=closing, **wrong))["error"] == "bad_rating"
    assert (await ask(customer, "rate", of=closing - 1, stars=4))["error"] == "not_to_rate"
    assert (await ask(customer, "rate", of=closing, stars=4, solved=True))["ok"]
    assert (await ask(customer, "rate", of=closing, stars=1))["error"] == "not_to_rate"
    await customer.until(lambda: customer.owners[-1]["rating"] is None)
    (event,) = told
    assert (event.kind, event.conversation_id, event.data) == ("rating", chat, {"stars": 4, "solved": True})
    closed_at = conversations.last_closing(server.store, chat).at
    assert 0 < (event.at - closed_at).total_seconds() < 0.01  # it counts for the visit that ended
    notes = [m for m in conversations.history(server.store, chat, notes=True) if m.author == "note"]
    assert [m.content["rating"]["stars"] for m in notes] == [4] and "4" not in str(customer.texts())


async def test_a_picture_reaches_pages_and_bot(serve: Any, page: Any) -> None:
    server, customer, _ = await opened(serve, page)
    (server.var / "media").mkdir()
    (server.var / "media" / "picture-0123456789").write_bytes(b"\xff\xd8\xff")
    receipt = await customer.say(None, image="picture-0123456789", metadata={"page_sku": "S1"})
    assert receipt["ok"]
    await customer.until(lambda: server.asked and customer.live)
    (message,) = server.asked
    source = "/media/picture-0123456789"
    assert (message.text, message.metadata) == ("/inform", {"page_sku": "S1", "photos": [source]})
    again = page()
    again.session_id = customer.session_id
    await again.open(server)
    assert again.messages[1]["attachment"] == {"type": "image", "payload": {"src": source}}


@pytest.mark.parametrize("image", ["none-0123456789abcdef", "../../../etc/passwd", "", 5, ["x"]])
async def test_a_picture_that_is_not_there_is_refused(serve: Any, page: Any, image: Any) -> None:
    server, customer, _ = await opened(serve, page)
    assert (await customer.say(None, image=image))["error"] == "no_image"
    assert not server.asked
