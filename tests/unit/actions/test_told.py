"""What the actions tell the figures counts once, also when a turn is done again."""

import pytest
from rasa_sdk import Tracker

from actions import told
from bot.events import Event


def tracker(message: str | None) -> Tracker:
    return Tracker("chat", {}, {"message_id": message, "text": "是的"}, [], False, None, {}, None)


def test_the_end_of_a_flow_has_one_id_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Event] = []
    monkeypatch.setattr(told, "record", heard.append)
    for message in ("chat-3", "chat-3", "chat-7"):
        told.tell_task(tracker(message), "place_order", "done")
    told.tell_task(tracker("chat-7"), "place_order", "failed")
    ids = [event.id for event in heard]
    assert ids[0] == ids[1] and len(set(ids)) == 3


def test_without_a_messages_id_each_end_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Event] = []
    monkeypatch.setattr(told, "record", heard.append)
    for _ in range(2):
        told.tell_task(tracker(None), "place_order", "done")
    assert len({event.id for event in heard}) == 2
