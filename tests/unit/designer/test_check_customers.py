"""`make check` on segments, scripts and account requests."""

import shutil

import pytest

from bot.designer import Finding, check_project
from bot.settings import ROOT
from tests.unit.designer.conftest import SmallProject

SCRIPTS = """scripts:
  - name: hello
    situation: greeting
    segments: [all]
    say: {newer: utter_offer_new}
    every_days: 3
"""
EXPERIMENTS = """words:
  title: 欢迎
  place: welcome
  variants: {a: {title: 旧, value: utter_booked}, b: {title: 新, value: utter_booked}}
order:
  title: 推荐
  place: recommendation
  variants: {a: {title: 旧, value: fitting}, b: {title: 新, value: best_selling}}
"""
SEGMENTS = "segments:\n  - {name: all, title: 全部, when: {}}\n"


@pytest.fixture
def shop(project: SmallProject) -> SmallProject:
    """The small project with a segment, a script and its response."""
    data = project.root / "data"
    shutil.copy(ROOT / "data" / "operations.yml", data)
    shutil.copy(ROOT / "data" / "account_requests.yml", data)
    (data / "segments.yml").write_text(SEGMENTS, encoding="utf8")
    (data / "experiments.yml").write_text(EXPERIMENTS, encoding="utf8")
    (data / "scripts.yml").write_text(SCRIPTS, encoding="utf8")
    project.replace("domain.yml", "  utter_booked:", '  utter_offer_new:\n    - text: "有新品。"\n  utter_booked:')
    return project


def found(project: SmallProject) -> list[Finding]:
    return check_project(project.root, conflicts=False)


def test_right_files_have_no_findings(shop: SmallProject) -> None:
    assert found(shop) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "kind", "words"),
    [
        ("segments", "when: {}", 'when: {frequence: "> 3"}', 0, "customers", "分群 all 的 frequence：没有这个指标"),
        ("segments", "when: {}", 'when: {frequency: "> 3"}', 0, "customers", "最后一个分群 all 的 when 应为空"),
        ("scripts", "[all]", "[al]", 0, "customers", "话术 hello 的 segments：segments.yml 里没有 al"),
        ("scripts", "every_days: 3", "every_days: 0", 0, "customers", "话术 hello 的 every_days：不能小于 1"),
        ("scripts", "utter_offer_new", "utter_offer_nev", 5, "missing_response", "是不是想写 utter_offer_new？"),
        ("experiments", "utter_booked", "utter_bookd", 4, "missing_response", "是不是想写 utter_booked？"),
        ("experiments", "best_selling", "best_seling", 0, "customers", "应为 fitting、best_selling、cheapest 之一"),
        ("account_requests", "show_data:", "show_date:", 0, "customers", "应有 erase_data"),
    ],
)
def test_a_mistake_is_told(shop: SmallProject, file: str, old: str, new: str, line: int, kind: str, words: str) -> None:
    shop.replace(f"data/{file}.yml", old, new)
    assert any(
        f.file == f"data/{file}.yml" and f.line == line and f.kind == kind and f.level == "error" and words in f.text
        for f in found(shop)
    ), found(shop)


def test_a_response_that_no_script_says_any_more_is_a_hint(shop: SmallProject) -> None:
    shop.replace("data/scripts.yml", "utter_offer_new", "utter_offer_other")
    assert {f.kind for f in found(shop)} == {"missing_response", "unused_response"}


@pytest.mark.parametrize("content", ["", "[]", "scripts:", "scripts: 3", "scripts: [3, {say: 1}]", "segments"])
def test_nonsense_is_no_traceback(shop: SmallProject, content: str) -> None:
    for name in ("segments", "scripts", "account_requests"):
        (shop.root / "data" / f"{name}.yml").write_text(content, encoding="utf8")
    assert any(f.kind == "customers" for f in found(shop))
