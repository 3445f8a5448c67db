"""Below the threshold a message counts as not understood, and the real guesses stay in the ranking."""

from typing import Any

import pytest
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.fallback import ConfidenceFallback
from bot.settings import get_settings


def understood(text: str, guesses: dict[str, float], config: dict[str, Any] | None = None) -> Message:
    ranking = [{"name": name, "confidence": confidence} for name, confidence in guesses.items()]
    intent = ranking[0] if ranking else {"name": None, "confidence": 0.0}
    message = Message({"text": text, "intent": intent, "intent_ranking": ranking})
    component = ConfidenceFallback({**ConfidenceFallback.get_default_config(), **(config or {})})
    assert component.process([message]) == [message]
    return message


@pytest.mark.parametrize(
    ("text", "guesses", "config", "intent"),
    [
        ("有货吗", {"ask_stock": 0.9}, {"threshold": 0.8}, "ask_stock"),
        ("有货吗", {"ask_stock": 0.8}, {"threshold": 0.8}, "ask_stock"),
        ("有货吗", {"ask_stock": 0.79}, {"threshold": 0.8}, "nlu_fallback"),
        ("有货吗", {"ask_stock": 0.41, "ask_price": 0.4}, {"threshold": 0.4}, "ask_stock"),
        ("/ask_stock", {"ask_stock": 0.1}, {"threshold": 0.8}, "ask_stock"),
        ('/inform{"sku": "P1"}', {"inform": 0.1}, {"threshold": 0.8}, "inform"),
        ("/有货吗", {"ask_stock": 0.1}, {"threshold": 0.8}, "nlu_fallback"),
        ("/no_such_intent", {"ask_stock": 0.1}, {"threshold": 0.8}, "nlu_fallback"),
        ("", {"goodbye": 0.99}, {"threshold": 0.8}, None),
        (" \n", {"goodbye": 0.1}, {"threshold": 0.8}, None),
        ("有货吗", {}, {"threshold": 0.8}, None),
        ("有货吗", {"ask_stock": 0.1}, {"threshold": 0}, "ask_stock"),
    ],
)
def test_the_threshold_decides(
    text: str, guesses: dict[str, float], config: dict[str, Any], intent: str | None
) -> None:
    assert understood(text, guesses, config).get("intent")["name"] == intent


def test_the_guesses_stay_in_the_ranking() -> None:
    message = understood("有货吗", {"ask_stock": 0.6, "ask_price": 0.3}, {"threshold": 0.8})
    assert message.get("intent") == {"name": "nlu_fallback", "confidence": pytest.approx(0.4)}
    assert [g["name"] for g in message.get("intent_ranking")] == ["nlu_fallback", "ask_stock", "ask_price"]
    assert {"intent", "intent_ranking"} <= message.output_properties


@pytest.mark.parametrize(("threshold", "intent"), [(0.7, "ask_stock"), (0.9, "nlu_fallback")])
def test_the_manager_sets_the_threshold(monkeypatch: pytest.MonkeyPatch, threshold: float, intent: str) -> None:
    monkeypatch.setattr(get_settings().operations.confidence, "threshold", threshold)
    assert understood("有货吗", {"ask_stock": 0.8}).get("intent")["name"] == intent


@pytest.mark.parametrize("threshold", [-0.1, 1.5, "high", True])
def test_a_wrong_threshold_is_named(threshold: Any) -> None:
    with pytest.raises(InvalidConfigException, match="threshold 应为 0 到 1 的数字"):
        ConfidenceFallback({"threshold": threshold})
