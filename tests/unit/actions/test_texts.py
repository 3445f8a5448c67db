"""Every word that the bot says stands in domain.yml, and everything there is said by someone."""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from actions.phrases import domain, moment, phrase
from bot.clock import freeze
from bot.settings import ROOT, SettingsError

RULES = ROOT / "data" / "rules"


def strings(path: Path) -> Iterator[str]:
    """The string constants of a module, without docstrings and messages of errors."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    raised = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Raise) for inner in ast.walk(node)}
    parents = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    documented = [node.body[0] for node in ast.walk(tree) if isinstance(node, parents) and node.body]
    skipped = {id(node.value) for node in documented if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped | raised:
            yield node.value


def said_by_actions() -> set[str]:
    named = {s for path in (ROOT / "actions").glob("*.py") for s in strings(path) if re.fullmatch(r"utter_\w+", s)}
    return named - {"utter_action"}  # Rasa's key for the name of a response


def said_by_rules(files: list[Path]) -> set[str]:
    content = [yaml.safe_load(path.read_text(encoding="utf8")) for path in files]
    steps = [step for file in content for rule in file["rules"] for step in rule["steps"]]
    return {step["action"] for step in steps if str(step.get("action", "")).startswith("utter_")}


@pytest.mark.parametrize("path", sorted((ROOT / "actions").glob("*.py")), ids=lambda path: path.name)
def test_actions_hold_no_chinese_for_customers(path: Path) -> None:
    shown = [s for s in strings(path) if re.search(r"[\u4e00-\u9fff]", s)]
    assert shown == []


def test_every_response_is_said_and_every_said_response_exists() -> None:
    spoken = said_by_rules([path for path in RULES.glob("*.yml") if path.name != "said_by_actions.yml"])
    assert said_by_actions() | spoken == set(domain()["responses"])
    assert said_by_rules([RULES / "said_by_actions.yml"]) == set(domain()["responses"]) - spoken


def test_every_button_of_a_response_names_an_intent() -> None:
    payloads = [b["payload"] for r in domain()["responses"].values() for v in r for b in v.get("buttons", [])]
    assert payloads
    written = {p.split("{")[0].removeprefix("/") for p in payloads if not p.startswith("{")}
    assert written <= {*domain()["intents"], "nlu_fallback"}


@pytest.mark.parametrize(
    ("when", "text"),
    [
        ("2026-11-22T18:00:00+08:00", "今日18:00"),
        ("2026-11-23T09:05:00+08:00", "明日09:05"),
        ("2026-11-25T18:00:00+08:00", "11月25日18:00"),
    ],
)
def test_moments_are_said_as_customers_say_them(when: str, text: str) -> None:
    with freeze(datetime.fromisoformat("2026-11-22T23:30:00+08:00")):
        assert moment(datetime.fromisoformat(when)) == text


def test_a_missing_piece_of_text_is_named() -> None:
    with pytest.raises(SettingsError, match="utter_nothing"):
        phrase("utter_nothing")
