"""What a turn is, and what Rasa said before its process was killed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import OperationalError

from bot import clock
from bot.channels.collect import contents_of, joined
from bot.channels.turns import answered_before, first_turn, turn_answered
from bot.conversations import Stored
from bot.runtime import tracker_rows
from bot.runtime.trackers import WindowTrackerStore


def waiting(number: int, text: str, **request: Any) -> Stored:
    given = {"text": text, "metadata": {}, **request}
    return Stored("c", number, "customer", None, {"text": text}, given, clock.now(), "bot")


def test_plain_words_join_and_buttons_do_not() -> None:
    messages = [waiting(1, "在吗", join=True), waiting(2, "有货吗", join=True), waiting(3, "/affirm")]
    turn = first_turn(messages, 5)
    assert (turn.text, turn.through, turn.message_id) == ("在吗，有货吗", 2, "c-1")
    assert first_turn(messages, 1).text == "在吗"
    assert first_turn(messages[2:], 5).text == "/affirm"
    assert first_turn([messages[0], waiting(2, "新的", join=True, fresh=True)], 5).through == 1


async def test_what_rasa_said_is_found_again() -> None:
    store = InMemoryTrackerStore(Domain.empty())
    said = BotUttered("下单吗？", {"buttons": [{"title": "是的", "payload": "/affirm"}], "image": None})
    events = [
        UserUttered("早", message_id="c-1"),
        BotUttered("早上好"),
        UserUttered("买", message_id="c-2"),
        said,
        BotUttered("看图", {"image": "https://s.example.com/1.png", "attachment": "https://s.example.com/1.png"}),
    ]
    await store.save(DialogueStateTracker.from_events("c", events))
    app = SimpleNamespace(ctx=SimpleNamespace(agent=SimpleNamespace(tracker_store=store)))
    again = await answered_before(app, "c-2")
    assert again is not None and again.text == "买"
    assert again.contents == [
        {"text": "下单吗？", "quick_replies": [{"content_type": "text", "title": "是的", "payload": "/affirm"}]},
        {"text": "看图", "attachment": {"type": "image", "payload": {"src": "https://s.example.com/1.png"}}},
    ]
    first = await answered_before(app, "c-1")
    assert first is not None and first.contents == [{"text": "早上好"}]
    assert await answered_before(app, "c-3") is None
    assert await answered_before(app, "d-1") is None
    assert await answered_before(SimpleNamespace(), "c-3") is None


async def test_the_events_of_a_turn_that_was_given_up_though_it_was_stored_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was cut off after the commit and before its answer, for longer than anybody waits."""
    broker = Heard()
    store = WindowTrackerStore(Domain.empty(), f"sqlite:///{tmp_path}/t.db", broker, patience_seconds=0.2)
    app = SimpleNamespace(ctx=SimpleNamespace(agent=SimpleNamespace(tracker_store=store)))
    await _say(store, "早", "c-1")
    broker.texts.clear()
    save = tracker_rows.save

    def cut_off(*arguments: Any) -> Any:
        save(*arguments)
        raise OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr(tracker_rows, "save", cut_off)
    with pytest.raises(OperationalError):
        await _say(store, "买", "c-2", ActionExecuted("action_session_start"), SessionStarted())
    assert broker.texts == []
    monkeypatch.setattr(tracker_rows, "save", save)
    again = await answered_before(app, "c-2")
    assert again is not None and again.contents == [{"text": "好的"}]
    assert broker.texts == ["action_session_start", "session_started", "买", "好的"]
    assert await answered_before(app, "c-3") is None and len(broker.texts) == 4


class Heard:
    """An event broker that remembers who said what."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def publish(self, body: dict[str, Any]) -> None:
        self.texts.append(body.get("text") or body.get("name") or body["event"])


async def _say(store: WindowTrackerStore, text: str, message_id: str, *before: Event) -> None:
    tracker = await store.get_or_create_tracker("c", append_action_listen=False)
    for event in before:
        tracker.update(event)
    tracker.update(UserUttered(text, message_id=message_id))
    tracker.update(BotUttered("好的"))
    await store.save(tracker)


def test_a_turn_done_before_does_not_swallow_what_came_later() -> None:
    messages = [waiting(1, "在吗", join=True), waiting(2, "有货吗", join=True), waiting(3, "多少钱", join=True)]
    assert turn_answered(messages, "在吗，有货吗").through == 2
    assert turn_answered(messages, "在吗").through == 1
    assert turn_answered(messages, "语音里听到的").through == 1


def test_words_join_for_platforms_that_count_messages() -> None:
    contents = [{"text": "甲"}, {"text": "乙", "quick_replies": [1]}, {"text": "丙"}, {"custom": {}}]
    assert joined(contents) == [{"text": "甲\n乙", "quick_replies": [1]}, {"text": "丙"}, {"custom": {}}]
    assert contents_of({"text": "", "custom": None}) == []
    two = contents_of({"text": "看", "image": "https://s.example.com/1.png", "elements": [{"title": "手机壳"}]})
    assert [sorted(c) for c in two] == [["attachment", "text"], ["attachment"]]
