"""The dashboard and the alerts speak of numbers that exist, and every number stands on the dashboard."""

import json
import re

import pytest
import yaml

from bot.observing import metrics
from bot.settings import ROOT

_NAME = re.compile(r"\bdianxiaoer_[a-z_]+")
_EXPORTED = metrics.counted_names() | set(metrics.STANDING)


def _dashboard() -> dict[str, str]:
    board = json.loads((ROOT / "deploy" / "grafana" / "dianxiaoer.json").read_text(encoding="utf8"))
    return {panel["title"]: " ".join(target["expr"] for target in panel["targets"]) for panel in board["panels"]}


def _rules() -> dict[str, str]:
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf8"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


@pytest.mark.parametrize("expressions", [_dashboard(), _rules()], ids=["dashboard", "rules"])
def test_every_number_asked_for_is_exported(expressions: dict[str, str]) -> None:
    for title, expression in expressions.items():
        names = set(_NAME.findall(expression))
        assert names and names <= _EXPORTED, f"{title}: {names - _EXPORTED}"
        assert expression.count("(") == expression.count(")"), title


def test_every_exported_number_stands_on_the_dashboard() -> None:
    shown = set(_NAME.findall(" ".join(_dashboard().values())))
    assert shown == _EXPORTED


def test_titles_are_chinese_and_no_two_panels_cover_each_other() -> None:
    board = json.loads((ROOT / "deploy" / "grafana" / "dianxiaoer.json").read_text(encoding="utf8"))
    titles = [panel["title"] for panel in board["panels"]]
    assert len(set(titles)) == len(titles) and all(re.search("[\u4e00-\u9fff]", title) for title in titles)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(set(places)) == len(places)


def test_a_wrong_name_would_be_found() -> None:
    with pytest.raises(AssertionError):
        test_every_number_asked_for_is_exported({"x": "rate(dianxiaoer_turns_totals[5m])"})
