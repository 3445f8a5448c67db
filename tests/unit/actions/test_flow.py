"""The pattern that every flow shares, on a form of its own."""

from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import memory
from actions.flow import FlowResolution, plain_validation
from actions.memory import Events, abandon, forget

FORM = "cancel_form"
DOMAIN = {
    "forms": {FORM: {"required_slots": ["order_number", "confirmed"]}},
    "slots": {name: {"type": "any", "mappings": []} for name in ("order_number", "confirmed", "city")},
    "responses": {},
}


@pytest.fixture(autouse=True)
def small_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "domain", lambda: DOMAIN)


def tracker(
    text: str, intent: str, slots: dict[str, Any], filled: dict[str, Any] | None = None, before: Events | None = None
) -> Tracker:
    """The form's turn as Rasa posts it: the message, what happened since, the form and the slots just filled."""
    message = {"text": text, "intent": {"name": intent, "confidence": 1.0}, "entities": []}
    form = {"event": "action", "name": FORM}
    events = [{"event": "user"}, *(before or []), form, *(SlotSet(n, v) for n, v in (filled or {}).items())]
    return Tracker("someone", {**slots, **(filled or {})}, message, events, False, None, {"name": FORM}, FORM)


async def validated(turn: Tracker) -> dict[str, Any]:
    events = await plain_validation(FORM)().run(CollectingDispatcher(), turn, {})
    return {e["name"]: e["value"] for e in events}


ASKED = {"requested_slot": "confirmed", "order_number": "DX1", "confirmed": None}


@pytest.mark.parametrize(
    ("text", "intent", "expected"),
    [
        ("是的", "chitchat", {"confirmed": True}),
        ("/affirm", "affirm", {"confirmed": True}),
        ("不是", "chitchat", {"confirmed": False}),
        ("算了", "chitchat", {"confirmed": False, "requested_slot": None}),
        ("再见", "goodbye", {"confirmed": False, "requested_slot": None}),
        ("包邮吗", "ask_shipping_fee", {}),
        ("可以吗", "affirm", {}),
    ],
)
async def test_the_answer_to_the_last_question(text: str, intent: str, expected: dict[str, Any]) -> None:
    assert await validated(tracker(text, intent, ASKED)) == expected


async def test_yes_to_another_question_confirms_nothing() -> None:
    asked = {"requested_slot": "order_number", "order_number": None, "confirmed": None}
    assert await validated(tracker("是的", "affirm", asked)) == {}


async def test_a_slot_filled_by_its_mapping_is_taken_over() -> None:
    asked = {"requested_slot": "order_number", "order_number": None, "confirmed": None}
    assert await validated(tracker("DX2", "inform", asked, {"order_number": "DX2"})) == {"order_number": "DX2"}


async def test_a_new_start_forgets_an_old_yes() -> None:
    started = [{"event": "active_loop", "name": FORM}]
    old = {"requested_slot": None, "order_number": None, "confirmed": True}
    assert await validated(tracker("是的", "cancel_order", old, before=started)) == {"confirmed": None}


async def test_after_an_interruption_the_message_is_not_read_again() -> None:
    answered = [{"event": "action", "name": "utter_greet"}]
    assert await validated(tracker("是的", "greet", ASKED, before=answered)) == {}


class Cancel(FlowResolution):
    def name(self) -> str:
        return "action_cancel_for_test"

    def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        return [SlotSet("done", True)]


@pytest.mark.parametrize(
    ("confirmed", "said", "names"),
    [(True, [], ["done"]), (False, ["utter_flow_left"], ["confirmed", "order_number"])],
)
async def test_only_a_yes_is_acted_on(confirmed: bool, said: list[str], names: list[str]) -> None:
    dispatcher = CollectingDispatcher()
    turn = tracker("", "", {"order_number": "DX1", "confirmed": confirmed, "city": "北京"})
    events = await Cancel().run(dispatcher, turn, {})
    assert [m["response"] for m in dispatcher.messages] == said
    assert [e["name"] for e in events] == names


def test_an_abandoned_flow_keeps_what_outlives_it() -> None:
    turn = tracker("", "", {"order_number": "DX1", "confirmed": None, "city": "北京"})
    assert [e["name"] for e in abandon(turn)] == [None, "requested_slot", "order_number"]
    assert [e["name"] for e in forget(turn)] == ["order_number"]
