"""Conversations marked by hand: the format, and Cohen's kappa."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.quality.agreement import as_table
from bot.quality.inspector import Inspector
from bot.quality.marked import agreement, cohens_kappa, halves, read_marked
from bot.quality.problems import MarkedError

CRITERIA = ["greeting", "forbidden"]


def body(**changes: Any) -> dict[str, Any]:
    message = {"side": "agent", "time": "2026-11-20T10:00:00+08:00", "text": "您好"}
    return {"id": "m1", "messages": [message], "marks": {"greeting": "pass"}, **changes}


def written(tmp_path: Path, *bodies: Any) -> Path:
    path = tmp_path / "marked.jsonl"
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in bodies), encoding="utf8")
    return path


def test_kappa_is_cohens() -> None:
    # Cohen 1960, as in every textbook: 20 and 15 of 50 agree, p_e = 0.5.
    assert cohens_kappa({("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}) == pytest.approx(0.4)
    assert cohens_kappa({("y", "y"): 3}) is None, "chance alone would agree"
    assert cohens_kappa({("y", "n"): 5, ("n", "y"): 5}) == pytest.approx(-1)


def test_the_halves_are_told_by_the_number_that_ends_the_id(tmp_path: Path) -> None:
    path = written(tmp_path, *(body(id=name) for name in ("a1", "a2", "b10", "b13", "m2x7", "none")))
    tuning, test = halves(read_marked(path, CRITERIA))
    assert [one.talk.id for one in tuning] == ["a1", "b13", "m2x7"]
    assert [one.talk.id for one in test] == ["a2", "b10", "none"]


def test_the_agreement_counts_marks_against_verdicts(tmp_path: Path, inspector: Inspector) -> None:
    rude = [{"side": "agent", "time": "2026-11-20T10:00:00+08:00", "text": "急什么"}]
    path = written(
        tmp_path,
        body(id="a", marks={"greeting": "pass", "forbidden": "pass"}),
        body(id="b", messages=rude, marks={"greeting": "fail", "forbidden": "fail"}),
        body(id="c", messages=rude, marks={"greeting": "pass"}),
    )
    marked = read_marked(path, CRITERIA)
    found = {one.criterion: one for one in agreement(inspector, marked)}
    assert found["greeting"].counts == {("pass", "pass"): 1, ("fail", "fail"): 1, ("pass", "fail"): 1}
    assert found["forbidden"].kappa == pytest.approx(1)
    table = as_table(inspector.rules, list(found.values()), len(marked))
    assert "服务禁语 forbidden | 2 | 1.00" in table
    assert "低于 0.7 的：greeting" in table


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"marks": {"polite": "pass"}}, "polite 不是"),
        ({"marks": {"greeting": "yes"}}, "greeting 应为 pass、fail 或 na"),
        ({"messages": []}, "至少要有一条"),
        ({"messages": [{"side": "客服", "time": "2026-11-20T10:00:00", "text": "好"}]}, "第 1 条消息的 side"),
        ({"messages": [{"side": "bot", "time": "昨天", "text": "好"}]}, "第 1 条消息的 time"),
        ({"facts": [{"time": "2026-11-20T10:00:00", "kind": "飞了"}]}, "facts 里的 kind"),
        ({"remarks": ""}, "没有 remarks 这样的字段"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(MarkedError) as problem:
        read_marked(written(tmp_path, body(), body(id="m2", **wrong)), CRITERIA)
    assert "第 2 行" in str(problem.value)
    assert says in str(problem.value)


def test_an_id_stands_once(tmp_path: Path) -> None:
    with pytest.raises(MarkedError, match="第 2 行：id “m1”前面已经有了"):
        read_marked(written(tmp_path, body(), body()), CRITERIA)
