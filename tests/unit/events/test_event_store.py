"""Events are stored once and read in order."""

import threading
from datetime import datetime, timedelta, timezone

import pytest

from bot.events import Event, add, last_seq, of_conversation, since

START = datetime(2026, 11, 25, 2, tzinfo=timezone.utc)


def said(number: int, conversation: str = "c1") -> Event:
    return Event("message.customer", conversation, START + timedelta(seconds=number), data={"text": f"第{number}句"})


def test_the_same_event_is_stored_once(url: str) -> None:
    add(url, [said(1), said(2)])
    add(url, [said(2), said(3), said(3)])
    assert [e.data["text"] for e in of_conversation(url, "c1")] == ["第1句", "第2句", "第3句"]


def test_order_is_by_time_whatever_the_order_of_arrival(url: str) -> None:
    add(url, [said(3)])
    add(url, [said(1), said(2)])
    assert [e.data["text"] for e in of_conversation(url, "c1")] == ["第1句", "第2句", "第3句"]
    assert next(since(url, 0, batch=2))[0].event.data["text"] == "第3句"


def test_reading_goes_on_where_it_stopped(url: str) -> None:
    add(url, [said(n) for n in range(1200)])
    first = next(since(url, 0, batch=500))
    rest = [stored for batch in since(url, first[-1].seq, batch=500) for stored in batch]
    assert len(first) + len(rest) == 1200
    assert rest[-1].seq == last_seq(url)


def test_several_writers_at_once_store_each_event_once(url: str) -> None:
    events = [said(n) for n in range(300)]
    threads = [threading.Thread(target=add, args=(url, events)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(of_conversation(url, "c1")) == 300


def test_an_event_reads_back_as_it_was() -> None:
    event = Event("rating", "c9", START, channel="web", actor="customer", data={"stars": 5, "solved": None})
    assert Event.from_json(event.to_json()) == event


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"{}", b'{"kind": "rating"}', '{"id":"半行'.encode()])
def test_what_is_no_event_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):
        Event.from_json(line)


def test_kinds_are_known_and_times_have_zones() -> None:
    with pytest.raises(ValueError, match=r"bot\.events\.KINDS"):
        Event("message.custmer", "c1", START)
    with pytest.raises(ValueError, match="time zone"):
        Event("rating", "c1", datetime(2026, 11, 25))
