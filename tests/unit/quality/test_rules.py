"""data/quality.yml: what a manager may write, and how mistakes are told."""

from pathlib import Path

import pytest

from bot.quality.inspector import Inspector, score_of
from bot.quality.phrases import Negation, PhraseError, Phrases
from bot.quality.reader import load_rules
from bot.settings import SettingsError
from tests.unit.quality.talks import talk

RIGHT = """
veto_score: 59
negations: [不]
criteria:
  name_told:
    title: 报过名字
    weight: 10
    check: say
    by: agent
    phrases: [我是…号客服]
    suggestion: 报上工号，让顾客知道找谁。
  no_swearing:
    title: 不说脏话
    weight: 30
    veto: true
    check: avoid
    phrases: [滚蛋]
    suggestion: 换一种说法。
"""


def rules_of(tmp_path: Path, text: str):  # type: ignore[no-untyped-def]
    path = tmp_path / "quality.yml"
    path.write_text(text, encoding="utf8")
    return load_rules(path)


def test_a_criterion_of_ones_own_needs_no_python(tmp_path: Path) -> None:
    inspector = Inspector(rules_of(tmp_path, RIGHT))
    told, silent = inspector.inspect([talk("a 0 我是15号客服"), talk("a 0 嗯，滚蛋")])
    assert told.verdicts == {"name_told": "pass", "no_swearing": "pass"}
    assert silent.verdicts == {"name_told": "fail", "no_swearing": "fail"}


def test_the_score_is_the_share_of_the_weights_that_apply(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, RIGHT)
    assert score_of(rules, {"name_told": "pass", "no_swearing": "pass"}) == (100.0, 0.0)
    assert score_of(rules, {"name_told": "fail", "no_swearing": "pass"}) == (75.0, 25.0)
    assert score_of(rules, {"name_told": "na", "no_swearing": "pass"}) == (100.0, 0.0)
    assert score_of(rules, {"name_told": "pass", "no_swearing": "fail"}) == (25.0, 75.0)
    assert score_of(rules, {"name_told": "na", "no_swearing": "na"}) == (None, 0.0)


def test_a_veto_caps_the_score(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, RIGHT.replace("weight: 30", "weight: 1"))
    assert score_of(rules, {"name_told": "pass", "no_swearing": "fail"}) == (59.0, 41.0)


def test_the_hash_changes_with_what_decides(tmp_path: Path) -> None:
    before = rules_of(tmp_path, RIGHT).hash
    assert rules_of(tmp_path, "# 只是注释\n" + RIGHT).hash == before
    assert rules_of(tmp_path, RIGHT.replace("滚蛋", "滚开")).hash != before


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("weight: 10", "weight: 很重"), 7, "weight：应为数字"),
        (("weight: 10", "weight: 0"), 7, "应大于 0"),
        (("weight: 10", "wieght: 10"), 7, "没有这一项"),
        (("check: say", "check: sya"), 8, "check 应为 say、avoid"),
        (("by: agent", "by: 客服"), 9, "应为 agent、bot、any 之一"),
        (("[我是…号客服]", "[我是(号客服]"), 10, "括号要成对"),
        (("[我是…号客服]", "[]"), 10, "至少写一个"),
        (("    title: 报过名字\n", ""), 6, "缺少这一项"),
        (("by: agent", "when: {intents: [ask_stok]}"), 9, "没有意图 ask_stok"),
        (("by: agent", "facts: [发货]"), 9, "没有“发货”这种事"),
        (("by: agent", "first: 1\n    last: 1"), 6, "只能写一个"),
        (("veto_score: 59", "veto_score: 590"), 2, "不能大于 100"),
        (("by: agent", "title: 又一次"), 9, "写了两次"),
        (("[我是…号客服]", "[我是, ]]"), 10, "不是正确的 YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, change: tuple[str, str], line: int, says: str) -> None:
    with pytest.raises(SettingsError) as problem:
        rules_of(tmp_path, RIGHT.replace(*change, 1))
    assert says in str(problem.value)
    assert f"第 {line} 行" in str(problem.value)


def test_phrases_have_gaps_choices_and_widths() -> None:
    phrases = Phrases(["(马上|立刻)…发货", "vip"])
    assert "我马上就给您发货" in phrases
    assert "立刻发货" in phrases
    assert "我马上看，明天发货" not in phrases, "a gap ends with the clause"
    assert phrases.first("是ｖｉｐ吗") is None, "texts are folded before"


def test_a_negation_counts_within_its_clause_only() -> None:
    negation = Negation(["不"], ["不好意思"])
    phrases = Phrases(["加微信"])
    for text, covered in (("我们不会让您加微信", True), ("不行，加微信吧", False), ("不好意思加微信吧", False)):
        match = phrases.first(text)
        assert match is not None
        assert negation.covers(text, match, 40) is covered, text


def test_a_phrase_that_fits_everything_is_refused() -> None:
    with pytest.raises(PhraseError, match="什么都能对上"):
        Phrases(["…"])
