"""Every word that the bot says stands in domain.yml, and everything there is said by someone."""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from actions.phrases import domain, moment, phrase
from bot.clock import freeze
from bot.designer import check_project
from bot.settings import ROOT, SettingsError
from bot.shop import RULES


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


@pytest.mark.parametrize("path", sorted((ROOT / "actions").rglob("*.py")), ids=lambda path: path.name)
def test_actions_hold_no_chinese_for_customers(path: Path) -> None:
    shown = [s for s in strings(path) if re.search(r"[\u4e00-\u9fff]", s)]
    assert shown == []


def test_every_response_is_said_and_every_said_response_exists() -> None:
    kinds = {"unused_response", "missing_response", "unfilled_variable"}
    assert [f for f in check_project(ROOT, conflicts=False) if f.kind in kinds] == []


def test_every_button_of_a_response_names_an_intent() -> None:
    payloads = [b["payload"] for r in domain()["responses"].values() for v in r for b in v.get("buttons", [])]
    assert payloads
    # Others are said as they stand, as a person would type them.
    written = {p.split("{")[0].removeprefix("/") for p in payloads if p.startswith("/")}
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


def test_every_rule_of_the_shop_has_its_refusal_with_its_own_figures() -> None:
    for rule, meaning in RULES.items():
        text = domain()["responses"][f"utter_refused_{rule}"][0]["text"]
        figures = set(re.findall(r"[a-z_]+", "".join(re.findall(r"（([a-z_, ]+)）", meaning))))
        assert set(re.findall(r"{(\w+)}", text)) <= figures, rule


def test_a_missing_piece_of_text_is_named() -> None:
    with pytest.raises(SettingsError, match="utter_nothing"):
        phrase("utter_nothing")
