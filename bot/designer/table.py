"""docs/intents.md: what becomes of every intent, gathered from the domain, the rules, the sources and the tests."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.designer.checks.spoken import REFUSED
from bot.designer.code import ActionClass
from bot.designer.project import Block, Project, read_project
from bot.designer.refusals import Refusals, read_refusals
from bot.designer.vocabulary import Vocabulary
from bot.designer.yaml_lines import Mapping
from bot.nlu.taxonomy import load_taxonomy
from bot.shop.rules import RULES

PATH = Path("docs/intents.md")
SHOP_TESTS = "tests/unit/shop"
TESTS = ("unit/actions", "unit/shop", "e2e", "browser")
HEAD = """\
# 每个意图的去处

这个文件由 `python -m bot check --table` 从 `domain.yml`、`data/rules/`、`actions/` 和 `tests/` 生成，请不要手改；
改了规则、动作或测试以后重新生成，测试会检查它有没有过期。“可能拒绝的规则”是动作用到的店铺规则，见下面第二张表。
"""
INTENTS = """
## {title}

| 意图 | 流程 | 动作和回复 | 可能拒绝的规则 | 测试 |
|---|---|---|---|---|
"""
REFUSALS = """
## 店铺规则

每条规则拒绝时说回复 `utter_refused_规则名`。

| 规则 | 什么时候拒绝 | 有没有回复 | 遇到它的意图 | 测试 |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """What becomes of one intent."""

    intent: str
    forms: list[str]
    actions: list[str]
    rules: list[str]
    tests: list[str]


def write_table(root: Path) -> Path:
    """Write the table of the project in `root`; the file's path."""
    path = root / PATH
    path.write_text(table(root), encoding="utf8")
    return path


def table(root: Path) -> str:
    """The table as Markdown."""
    project = read_project(root)
    taxonomy = load_taxonomy(root / "data" / "taxonomy.yml")
    tests = _python_tests(root)
    rows = {row.intent: row for row in _rows(project, tests)}
    text = HEAD
    for base in taxonomy.bases:
        text += INTENTS.format(title=taxonomy.titles[base])
        for intent, row in rows.items():
            if taxonomy.base_of.get(intent) == base:
                name = f"{intent}<br>{taxonomy.titles[intent]}"
                text += _line(name, _codes(row.forms), _codes(row.actions), _codes(row.rules), _lines(row.tests))
    replies = Vocabulary(project).responses
    text += REFUSALS
    for rule, meaning in RULES.items():
        intents = [row.intent for row in rows.values() if rule in row.rules]
        naming = [Path(file).name for file, words in tests.items() if {rule, REFUSED + rule} & words]
        text += _line(f"`{rule}`", meaning, "有" if REFUSED + rule in replies else "—", _codes(intents), _lines(naming))
    return text


def _rows(project: Project, tests: dict[str, set[str]]) -> Iterator[Row]:
    words, refusals = Vocabulary(project), read_refusals(project.root)
    rules, stories = project.of_kind("rule"), project.of_kind("test")
    for intent in project.section("intents"):
        steps = [step for rule in rules for step in _after(rule, intent)]
        steps += [step for story in project.of_kind("story") for step in _after(story, intent)] if not steps else []
        forms = [name for name in dict.fromkeys(steps) if name in words.forms]
        actions = [name for name in dict.fromkeys(steps) if name not in words.forms]
        actions += [name for form in forms for name in _ends(rules, form) if name not in actions]
        classes = _classes(project, words, forms, actions)
        told = list(_stories(b for b in stories if any(s.get("intent") == intent for _, s in b.steps())))
        told += [
            Path(file).name for file, named in tests.items() if intent in named and not file.startswith(SHOP_TESTS)
        ]
        yield Row(intent, forms, actions, _refusing(refusals, classes), told)


def _after(block: Block, intent: str) -> list[str]:
    """The actions that follow `intent` until the customer speaks again."""
    found: list[str] = []
    listening = False
    for step in block.content.get("steps") or []:
        if not isinstance(step, Mapping):
            continue
        said = [step] if "intent" in step else [s for s in step.get("or") or [] if isinstance(s, Mapping)]
        if said:
            listening = any(one.get("intent") == intent for one in said)
        elif listening and isinstance(step.get("action"), str):
            found.append(str(step["action"]))
    return found


def _ends(rules: list[Block], form: str) -> Iterator[str]:
    """The actions that follow the end of `form`."""
    for rule in rules:
        if any(condition.get("active_loop") == form for _, condition in rule.conditions()):
            steps = [step for _, step in rule.steps()]
            over = next((i for i, s in enumerate(steps) if "active_loop" in s and s["active_loop"] is None), len(steps))
            yield from (str(s["action"]) for s in steps[over:] if "action" in s)


def _classes(project: Project, words: Vocabulary, forms: list[str], actions: list[str]) -> list[ActionClass]:
    """The classes that run for a flow: validation, questions, resolution, and all that name the form as theirs."""
    made = project.code.actions()
    asked = [q for form in forms for slot in words.required(form) for q in words.questions(form, slot)]
    names = [*actions, *asked, *(f"validate_{form}" for form in forms)]
    of_forms = [one for one in project.code.classes if one.texts.get("form") in forms]
    return [*(made[name] for name in names if name in made), *of_forms]


def _refusing(refusals: Refusals, classes: Iterable[ActionClass]) -> list[str]:
    return refusals.of_classes((one.file, one.name) for one in classes)


def _python_tests(root: Path) -> dict[str, set[str]]:
    """Test module → all words that it quotes; the one rule that is an everyday word only where a refusal is meant."""
    found = {}
    for folder in TESTS:
        for path in sorted((root / "tests" / folder).rglob("test_*.py")):
            text = path.read_text(encoding="utf8")
            words = set(re.findall(r"""["'/](\w+)["'{]""", text))
            meant = {rule for rule in RULES if re.search(rf"(?i)refus.*[\"']{rule}[\"']|rule.*[\"']{rule}[\"']", text)}
            everyday = {rule for rule in RULES if "_" not in rule}
            found[path.relative_to(root).as_posix()] = (words - everyday) | meant
    return found


def _stories(blocks: Iterable[Block]) -> Iterator[str]:
    """Stories by file: test_stock.yml：问现货，确认，下单；直接下单进入同一个流程."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for block in blocks:
        by_file[Path(block.file).name].append(block.name)
    yield from (f"{file}：{'；'.join(names)}" for file, names in by_file.items())


def _codes(names: Iterable[str]) -> str:
    return "<br>".join(f"`{name}`" for name in names) or "—"


def _lines(names: Iterable[str]) -> str:
    return "<br>".join(names) or "—"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
