"""Answers of actions are checked as Rasa checks them; the schema behind it is checked once."""

from typing import Any

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from bot.nlu import action_calls

ANSWERS: list[tuple[Any, bool]] = [
    ({"events": [], "responses": []}, True),
    ({"events": [{"event": "slot", "name": "a", "value": [1]}], "responses": [{"text": "x"}]}, True),
    ({"events": [{"event": "bot", "text": "x", "data": {}}]}, True),
    ({}, True),
    ({"events": [{"event": "bot", "timestamp": 1.5, "metadata": {}}, {"event": "followup", "name": None}]}, True),
    ({"events": [{"event": "action", "name": "x", "policy": None, "confidence": 1}]}, True),
    ({"events": [{"event": "user", "text": "x", "parse_data": {"intent": {"name": "ask"}, "entities": []}}]}, True),
    ({"events": [{"event": "slot", "name": "a", "value": None, "timestamp": None}], "more": 1}, True),
    ({"events": [{"event": "no_such_event"}]}, False),
    ({"events": [{"event": "bot", "timestamp": "now"}]}, False),
    ({"events": [{"event": "bot", "timestamp": True}]}, False),
    ({"events": [{"event": "bot", "metadata": []}]}, False),
    ({"events": [{"event": "slot", "name": 5, "value": 1}]}, False),
    ({"events": [{"event": "slot", "name": "a"}]}, False),
    ({"events": [{"event": "action", "name": 5}]}, False),
    ({"events": [{"event": ["slot"]}]}, False),
    ({"events": [{"name": "a"}]}, False),
    ({"events": [None]}, False),
    ({"events": None}, False),
    ({"responses": None}, False),
    ({"events": [{"event": "slot", "value": 1}]}, False),
    ({"events": "none"}, False),
    ({"responses": ["x"]}, False),
    ([], False),
]


def accepts(action: RemoteAction, answer: Any) -> bool:
    try:
        return action._validate_action_result(answer)
    except ValidationError:
        return False


@pytest.mark.parametrize(("answer", "fine"), ANSWERS)
def test_each_answer_is_judged_as_by_rasa(monkeypatch: pytest.MonkeyPatch, answer: Any, fine: bool) -> None:
    action = RemoteAction("action_test", None)
    monkeypatch.setattr(RemoteAction, "_validate_action_result", action_calls.RASAS_OWN)
    assert accepts(action, answer) is fine
    action_calls.check_schema_once()
    assert accepts(action, answer) is fine


def test_the_schema_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    check = action_calls.Draft202012Validator.check_schema
    monkeypatch.setattr(RemoteAction, "_validate_action_result", action_calls.RASAS_OWN)
    monkeypatch.setattr(action_calls.Draft202012Validator, "check_schema", lambda s: (checked.append(1), check(s)))
    action_calls._validator.cache_clear()
    action_calls.check_schema_once()
    for _ in range(3):
        assert accepts(RemoteAction("action_test", None), {"events": [{"event": "action", "name": "x"}]})
    assert len(checked) == 1
