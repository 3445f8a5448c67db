"""What a turn is, and what Rasa said before its process was killed."""

from types import SimpleNamespace
from typing import Any

from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot import clock
from bot.channels.collect import contents_of, joined
from bot.channels.turns import answered_before, first_turn, turn_answered
from bot.conversations import Stored


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
