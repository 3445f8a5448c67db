"""Definitions are strict, assignment is sticky and fair, a winner goes live by one command."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import clock
from bot.db import upgrade
from bot.events import close_recorder, of_conversation, recorder
from bot.experiments import assignment, load_experiments, promote, start, variant_of
from bot.experiments.definitions import Experiment
from bot.settings import SettingsError, get_settings

TWO = """
words:  # 欢迎语
  title: 欢迎语
  place: welcome
  status: running
  started_at: 2026-11-20T10:00:00+08:00
  variants:
    a: {title: 旧, value: utter_greet}
    b: {title: 新, value: utter_greet_deals, weight: 3}
"""
NOON = datetime.fromisoformat("2026-11-25T12:00:00+08:00")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "experiments.yml"
    file.write_text(TWO, encoding="utf8")
    return file


def words(path: Path) -> Experiment:
    return load_experiments(path)["words"]


def test_the_project_file_is_right() -> None:
    assert load_experiments()


@given(st.text(min_size=1, max_size=20))
def test_a_customer_always_gets_the_same(customer: str) -> None:
    experiment = Experiment.parse_obj(
        {"title": "t", "place": "welcome", "variants": {v: {"title": v, "value": f"utter_{v}"} for v in "abc"}}
    )
    assert len({variant_of("x", experiment, customer) for _ in range(3)}) == 1


def test_shares_follow_the_weights(path: Path) -> None:
    got = Counter(variant_of("words", words(path), f"C{n}") for n in range(20_000))
    assert got["b"] / 20_000 == pytest.approx(0.75, abs=0.01)


def test_experiments_do_not_share_their_split(path: Path) -> None:
    both = Counter(
        (variant_of("one", words(path), f"C{n}"), variant_of("two", words(path), f"C{n}")) for n in range(20_000)
    )
    assert both["a", "a"] / 20_000 == pytest.approx(0.25 * 0.25, abs=0.01)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("place: welcome", "place: welcom", "words 有误：place：应为 welcome、recommendation、offer_timing 之一"),
        ("title: 欢迎语", "titel: 欢迎语", "titel：没有这个设置项"),
        ("  started_at: 2026-11-20T10:00:00+08:00\n", "", "要写 started_at"),
        ("+08:00", "", "时间要带时区"),
        ("status: running", "status: running\n  minimum_hours: 24", "minimum_hours：不能小于 72"),
        ("status: running", "status: running\n  winner: c", "winner 写的“c”不在 variants 里"),
        ("    a: {title: 旧, value: utter_greet}\n", "", "至少要有两个方案"),
    ],
)
def test_mistakes_are_told_in_chinese(path: Path, before: str, after: str, says: str) -> None:
    path.write_text(TWO.replace(before, after), encoding="utf8")
    with pytest.raises(SettingsError, match=says):
        load_experiments(path)


def test_two_at_one_place_do_not_run_together(path: Path) -> None:
    path.write_text(TWO + TWO.replace("words", "other"), encoding="utf8")
    with pytest.raises(SettingsError, match="words、other 同时在 welcome 上进行"):
        load_experiments(path)


def test_the_winner_goes_live_and_the_file_keeps_its_comments(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assignment, "load_experiments", lambda: load_experiments(path))
    before = {assignment.assigned("welcome", f"C{n}").value for n in range(50)}  # type: ignore[union-attr]
    assert before == {"utter_greet", "utter_greet_deals"}
    promote("words", "b", path)
    after = [assignment.assigned("welcome", f"C{n}") for n in range(50)]
    assert {(found.value, found.exposes) for found in after if found} == {("utter_greet_deals", False)}
    assert "# 欢迎语" in path.read_text(encoding="utf8")
    with clock.freeze(NOON):
        start("words", path)
    assert (words(path).winner, words(path).status, words(path).started_at) == (None, "running", NOON)


def test_an_unknown_name_or_variant_changes_nothing(path: Path) -> None:
    with pytest.raises(SettingsError, match="没有“word”，现有：words"):
        promote("word", "b", path)
    with pytest.raises(SettingsError, match="没有方案“c”，现有：a、b"):
        promote("words", "c", path)
    assert path.read_text(encoding="utf8") == TWO


def test_an_exposure_is_told_once_a_conversation(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIANXIAOER_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("DIANXIAOER_EVENTS_URL", f"sqlite:///{tmp_path}/events.db")
    monkeypatch.setattr(assignment, "load_experiments", lambda: load_experiments(path))
    get_settings.cache_clear()
    close_recorder()
    try:
        upgrade(get_settings().events_url, "events")
        for _ in range(2):
            value = assignment.expose("welcome", "C1", "c1", "webchat")
        assert assignment.expose("recommendation", "C1", "c1", "webchat") is None
        assert recorder().flush()
        (event,) = of_conversation(get_settings().events_url, "c1")
        variant = words(path).variants[event.data["variant"]]
        assert (event.kind, event.data["experiment"], variant.value) == ("experiment.exposed", "words", value)
    finally:
        close_recorder()
        get_settings.cache_clear()
