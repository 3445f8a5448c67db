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
    ({"events": [{"event": "no_such_event"}]}, False),
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
        assert accepts(RemoteAction("action_test", None), {"events": []})
    assert len(checked) == 1
