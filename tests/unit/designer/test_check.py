"""`make check`: each kind of problem in a small project, at its place and in words that say what to do."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli import main
from bot.designer import Finding, check_project
from bot.settings import ROOT
from tests.unit.designer.conftest import FILES, SmallProject

DOMAIN, RULES, STORIES, NLU, CODE = (
    "domain.yml",
    "data/rules/all.yml",
    "data/stories/all.yml",
    "data/nlu/all.yml",
    "actions/book.py",
)
TEST = "tests/stories/test_all.yml"


def found(project: SmallProject, conflicts: bool = False) -> list[Finding]:
    return check_project(project.root, conflicts=conflicts)


def test_a_valid_project_has_no_findings(project: SmallProject) -> None:
    assert found(project, conflicts=True) == []


def test_this_project_has_no_errors() -> None:
    assert [f for f in check_project(ROOT) if f.level == "error"] == []


# file, old, new, lines after the one where old begins, kind, words
REPLACED = [
    # names
    (RULES, "intent: ask_fee", "intent: ask_fees", 0, "unknown_intent", "是不是想写 ask_fee？"),
    (RULES, "intent: ask_fee", "intent: zzz", 0, "unknown_intent", "请先在 domain.yml 的 intents 里加上它"),
    (RULES, "action: utter_greet", "action: utter_great", 0, "unknown_response", "是不是想写 utter_greet？"),
    (RULES, "action: action_book", "action: action_bok", 0, "unknown_action", "是不是想写 action_book？"),
    (RULES, "active_loop: book_form", "active_loop: bok_form", 0, "unknown_form", "是不是想写 book_form？"),
    (RULES, "base_intent: presale", "base_intnt: presale", 0, "unknown_slot", "是不是想写 base_intent？"),
    (RULES, "base_intent: presale", "base_intent: presales", 0, "unknown_value", "是不是想写 presale？"),
    (STORIES, "city: 北京", "citi: 北京", 0, "unknown_entity", "是不是想写 city？"),
    (TEST, "intent: greet", "intent: gret", 0, "unknown_intent", "是不是想写 greet？"),
    (TEST, "action: utter_greet", "action: utter_gret", 0, "unknown_response", "是不是想写 utter_greet？"),
    # the format
    (RULES, "action: utter_greet", "aciton: utter_greet", 0, "unknown_key", "是不是想写 action？"),
    (RULES, "rules:", "rule:", 0, "unknown_key", "是不是想写 rules？"),
    (RULES, "- intent: greet", "- greet", 0, "format", "应写成“- intent: 意图”"),
    (RULES, "rule: 问运费", "rule: 打招呼", 0, "duplicate_name", "重名"),
    (RULES, "- rule: 问运费", "- rule:", 0, "no_name", "没有名字"),
    (RULES, "- action: utter_greet", "- action: utter_greet\n      - intent: affirm", 1, "rule_too_long", "请用故事"),
    (DOMAIN, "  - affirm\n", "  - affirm\n  - affirm\n", 1, "duplicate_key", "写了两次"),
    (DOMAIN, "  utter_booked:", "  utter_greet:", 0, "duplicate_key", "已经写过"),
    (DOMAIN, "responses:", "response:", 0, "unknown_key", "是不是想写 responses？"),
    (DOMAIN, "type: bool", "type: boolean", 0, "unknown_type", "是不是想写 bool？"),
    (DOMAIN, "      - city\n", "      - citty\n", 0, "unknown_slot", "是不是想写 city？"),
    # YAML
    (RULES, "      - intent: greet", "\t- intent: greet", 0, "tab", "请换成空格"),
    (RULES, "intent: greet", "intent：greet", 0, "full_width_colon", "全角冒号"),
    (RULES, "intent: greet", "intent:greet", 0, "no_space", "少了一个空格"),
    (RULES, "- intent: greet", "-intent: greet", 0, "no_space", "减号后面少了一个空格"),
    (RULES, "      - action: utter_greet", "     - action: utter_greet", 0, "yaml", "没有对齐"),
    (DOMAIN, 'text: "订好了。"', 'text: "订好了。', 0, "yaml", "引号没有成对"),
    (DOMAIN, 'text: "订好了。"', "text: 订好了: 谢谢", 0, "yaml", "英文引号"),
    (DOMAIN, 'text: "订好了。"', "text: @订好了", 0, "yaml", "英文引号"),
    (DOMAIN, 'text: "订好了。"', "text: *booked", 0, "yaml", "&"),
    (DOMAIN, 'text: "订好了。"', "text: “订好了。”", 0, "full_width_quotes", "中文引号"),
    # responses and buttons
    (DOMAIN, "  utter_booked:", "  utter_other:\n    - text: 啊\n  utter_booked:", 0, "unused_response", "没有人说"),
    (DOMAIN, '    - text: "订好了。"', "    []", -1, "empty_response", "没有内容"),
    (DOMAIN, '"订好了。"', '""', 0, "empty_response", "没有文字"),
    (DOMAIN, "运费{amount}，", "运费{amout}，", 0, "unfilled_variable", "是不是想写 amount？"),
    (DOMAIN, "运费{amount}，", "运费，", -1, "uneven_variables", "不是每种都有"),
    (DOMAIN, "您好，请问想问什么？", "{name}您好", 0, "unfilled_variable", "没有人填"),
    (DOMAIN, "运费{amount}，", "运费｛amount｝，", 0, "braces", "全角花括号"),
    (DOMAIN, "运费{amount}，", "运费{amount，", 0, "braces", "不成对"),
    (DOMAIN, '"/ask_fee"', '"/ask_fe"', 0, "payload_intent", "是不是想写 ask_fee？"),
    (DOMAIN, '"/ask_fee"', '"／ask_fee"', 0, "payload", "全角斜线"),
    (DOMAIN, '{"city": "北京"}', '{"citi": "北京"}', 0, "payload_entity", "是不是想写 city？"),
    (DOMAIN, '{{"city": "北京"}}', '{"city": "北京"}', 0, "payload_braces", "双层花括号"),
    (DOMAIN, '{"city": "北京"}', "{“city”: “北京”}", 0, "payload_json", "引号要用英文的"),
    (DOMAIN, '{"city": "北京"}', '{"city": }', 0, "payload_json", "写得不对"),
    (DOMAIN, ', payload: "/ask_fee"', "", 0, "button", "按钮应写成"),
    # actions
    (DOMAIN, "  - action_fee\n", "  - action_fees\n", 0, "action_without_class", "是不是想写 action_fee？"),
    (DOMAIN, "  - action_fee\n", "", None, "action_not_in_domain", "Rasa 不会调用"),
    (DOMAIN, "  - action_fee\n", "  - action_fee\n  - action_restart\n  - utter_greet\n", 2, "needless_action", "不用"),
    (DOMAIN, "  - action_fee\n", "  - action_fee\n  - action_more\n", 1, "unused_action", "没有任何规则"),
    (CODE, '"utter_booked"', '"utter_boked"', 0, "missing_response", "是不是想写 utter_booked？"),
    (CODE, 'REFUSED = "utter_refused_"', "REFUSED = (", None, "python", "不是正确的 Python"),
    # flows
    (DOMAIN, "  - affirm\n", "  - affirm\n  - order\n", 1, "intent_without_rule", "没有规则也没有故事"),
    (DOMAIN, "  - affirm\n", "  - affirm\n  - order\n", 1, "intent_without_examples", "没有例句"),
    (
        RULES,
        "action: book_form\n      - active_loop: book_form",
        "action: utter_affirm",
        None,
        "form_without_start",
        "启动",
    ),
    (RULES, "- active_loop: null", "- active_loop: book_form", None, "form_without_submit", "没有结束的规则"),
    (DOMAIN, "  utter_ask_book_form_city:", "  utter_x:", None, "form_without_question", "utter_ask_book_form_city"),
    (DOMAIN, "  - validate_book_form\n", "", None, "form_without_validation", "一直重复提问"),
    # slots
    (CODE, '{"base_intent": "presale"}', "{}", None, "slot_never_set", "没有人填"),
    (
        DOMAIN,
        "forms:",
        "  extra:\n    type: text\n    mappings: [{type: custom}]\n\nforms:",
        0,
        "slot_never_read",
        "没有人用",
    ),
    # examples
    (NLU, "- intent: greet", "- intent: gret", 0, "unknown_intent", "是不是想写 greet？"),
    (NLU, "- 包邮吗", "- 在吗", 0, "example_twice", "已经是意图 greet 的（data/nlu/all.yml:8）"),
    (NLU, "- 包邮吗", "包邮吗", 0, "format", "前面少了"),
    (NLU, "(city)", "(citi)", 0, "unknown_entity", "是不是想写 city？"),
    (NLU, "    - 请问在吗\n", "", None, "few_examples", "只有 9 句"),
]


@pytest.mark.parametrize(("file", "old", "new", "after", "kind", "words"), REPLACED, ids=lambda v: str(v)[:40])
def test_a_mistake_is_told_with_its_place(
    project: SmallProject, file: str, old: str, new: str, after: int | None, kind: str, words: str
) -> None:
    line = project.replace(file, old, new)
    findings = [f for f in found(project) if f.kind == kind and words in f.text]
    assert findings, found(project)
    assert re.search("[\u4e00-\u9fff]", findings[0].text)
    if after is not None:
        assert (findings[0].file, findings[0].line) == (file, line + after)
    else:
        assert findings[0].line > 0


def test_hints_alone_do_not_fail(project: SmallProject, capsys: pytest.CaptureFixture[str]) -> None:
    from bot.designer import check

    project.replace(DOMAIN, "  utter_booked:", "  utter_other:\n    - text: 啊\n  utter_booked:")
    check(project.root, conflicts=False)
    assert "没有错误，有 1 条提示" in capsys.readouterr().out


def test_all_problems_are_told_in_one_run(project: SmallProject) -> None:
    project.replace(RULES, "intent: ask_fee", "intent: ask_fees")
    project.replace(STORIES, "action: utter_greet", "action: utter_grett")
    project.replace(DOMAIN, '"/ask_fee"', '"/ask_fe"')
    project.replace(TEST, "intent: greet", "intent：greet")
    kinds = {f.kind for f in found(project)}
    assert {"unknown_intent", "unknown_response", "payload_intent", "full_width_colon"} <= kinds


def test_a_broken_file_does_not_hide_mistakes_in_others_nor_make_up_new_ones(project: SmallProject) -> None:
    project.replace(DOMAIN, 'text: "订好了。"', 'text: "订好了。')
    project.replace(RULES, "action: utter_greet", "aciton: utter_greet")
    assert {f.kind for f in found(project)} == {"yaml", "unknown_key"}


def test_the_endpoints_of_every_profile_have_to_be_readable(project: SmallProject) -> None:
    project.write("endpoints.of-a-shop.yml", "shop_store: {url: 'sqlite:///shop.db'}\n")
    assert found(project) == []
    project.write("endpoints.of-a-shop.yml", "shop_store: {url: 'sqlite:///shop.db\n")
    assert [(f.kind, f.file) for f in found(project)] == [("yaml", "endpoints.of-a-shop.yml")]


def test_a_refused_rule_without_a_reply_is_named(project: SmallProject) -> None:
    project.replace(CODE, "REFUSED + reason", "REFUSED + reason.rule")
    told = next(f for f in found(project) if f.kind == "missing_refusal")
    assert "return_window" in told.text and told.level == "hint"
    project.replace(DOMAIN, "  utter_booked:", '  utter_refused_return_window:\n    - text: "晚了。"\n  utter_booked:')
    told = next(f for f in found(project) if f.kind == "missing_refusal")
    assert "return_window" not in told.text and "return_opened" in told.text


CONFLICTS = [
    # rasa#6973: two rules, which `rasa data validate stories` does not compare
    (
        RULES,
        "\n  - rule: 捣乱\n    steps:\n      - intent: greet\n      - action: utter_booked\n",
        "rule_conflict",
        ["“捣乱”", "“打招呼”（data/rules/all.yml:4）", "做 utter_booked"],
    ),
    # a rule against a story
    (
        STORIES,
        "\n  - story: 不一样\n    steps:\n      - intent: greet\n      - action: utter_booked\n",
        "rule_conflict",
        ["故事“不一样”", "规则“打招呼”（data/rules/all.yml:4）"],
    ),
    # two stories
    (
        STORIES,
        """
  - story: 一
    steps:
      - intent: greet
      - action: utter_greet
      - intent: affirm
      - action: utter_booked
      - action: utter_greet
  - story: 二
    steps:
      - intent: greet
      - action: utter_greet
      - intent: affirm
      - action: utter_booked
      - action: utter_affirm
""",
        "story_conflict",
        ["“一”（data/stories/all.yml:13）", "“二”（data/stories/all.yml:20）", "做 utter_affirm"],
    ),
    # a rule that leaves out what the same action does elsewhere
    (
        RULES,
        "\n  - rule: 不全\n    steps:\n      - intent: affirm\n      - action: book_form\n",
        "incomplete_rule",
        ["“不全”", "active_loop"],
    ),
]


@pytest.mark.parametrize(
    ("file", "text", "kind", "words"), CONFLICTS, ids=[c[2] + str(i) for i, c in enumerate(CONFLICTS)]
)
def test_conflicts_are_told_with_both_places(
    project: SmallProject, file: str, text: str, kind: str, words: list[str]
) -> None:
    project.append(file, text)
    told = [f for f in found(project, conflicts=True) if f.kind == kind]
    assert any(all(word in f.text for word in words) for f in told), found(project, conflicts=True)
    assert all(f.file == file and f.line > 0 for f in told if words[0] in f.text)


def test_several_conflicts_are_told_in_one_run(project: SmallProject) -> None:
    for number, intent in enumerate(["greet", "ask_fee"]):
        rule = f"\n  - rule: 捣乱{number}\n    steps:\n      - intent: {intent}\n      - action: utter_booked\n"
        project.append(RULES, rule)
    texts = "".join(f.text for f in found(project, conflicts=True) if f.kind == "rule_conflict")
    assert "捣乱0" in texts and "捣乱1" in texts


def test_names_that_make_rasa_stumble_are_no_traceback(project: SmallProject) -> None:
    project.append(RULES, "\n  - rule: 多\n    steps:\n      - intent: nobody\n      - action: action_nobody\n")
    kinds = {f.kind for f in found(project, conflicts=True)}
    assert {"unknown_intent", "unknown_action"} <= kinds and "rasa" not in kinds


@pytest.mark.parametrize("name", [n for n in FILES if n.endswith(".yml")])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_no_damage_to_a_file_is_a_traceback(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = SmallProject(tmp_path_factory.mktemp("damaged"))
    lines = FILES[name].splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    kind = data.draw(st.sampled_from(["cut", "drop", "deeper", "double", "garble"]))
    damage = {
        "cut": lines[:at],
        "drop": lines[:at] + lines[at + 1 :],
        "deeper": [*lines[:at], "  " + lines[at], *lines[at + 1 :]],
        "double": [*lines[: at + 1], lines[at], *lines[at + 1 :]],
        "garble": [
            *lines[:at],
            data.draw(st.sampled_from(["  x: [", "- 1", "：", "a: {b: c}", "~", "- - -", "? a"])),
            *lines[at:],
        ],
    }[kind]
    project.write(name, "\n".join(damage) + "\n")
    for finding in found(project):
        assert finding.text and finding.file


def test_json_and_the_exit_status(
    project: SmallProject, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.designer.ROOT", project.root)
    assert main(["check", "--fast", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    line = project.replace(RULES, "intent: ask_fee", "intent: ask_fees")
    assert main(["check", "--fast", "--json"]) == 1
    out = capsys.readouterr()
    first = next(f for f in json.loads(out.out) if f["kind"] == "unknown_intent")
    assert (first["file"], first["line"], first["level"]) == (RULES, line, "error")
    assert "对话数据有" in out.err
