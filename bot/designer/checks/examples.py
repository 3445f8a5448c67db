"""Examples of the intents: for every intent some, each under one intent, with entities that exist."""

import re
from collections.abc import Iterator

from bot.designer.findings import Finding, meant
from bot.designer.project import Project
from bot.designer.vocabulary import DEFAULT_INTENTS, Vocabulary
from bot.designer.yaml_lines import Text, line_of

FEW = 10
ENTITY = re.compile(r"\[[^\]]+\]\((?P<entity>[^)]+)\)|\[[^\]]+\]\{\"entity\":\s*\"(?P<named>[^\"]+)\"")


def check_examples(project: Project) -> Iterator[Finding]:
    """Missing, misplaced and doubled examples."""
    words = Vocabulary(project)
    counts: dict[str, int] = dict.fromkeys(project.section("intents"), 0)
    first: dict[str, tuple[str, str, int]] = {}
    for file, item in project.examples:
        intent, listed = item.get("intent"), item.get("examples")
        if intent is None:
            continue  # synonyms, lookup tables, regular expressions
        base = str(intent).split("/")[0]
        if base not in words.intents and "domain.yml" not in project.broken:
            text = f"例句的意图 {base} 不在 domain.yml 的 intents 里{meant(base, words.intents) or '，请加上它'}"
            yield Finding(file, line_of(intent, item.line), "error", "unknown_intent", text)
        if not isinstance(listed, Text):
            text = f"意图 {base} 的例句应写在 examples: | 下面，每行以“- ”开头"
            yield Finding(file, line_of(listed, item.line), "error", "format", text)
            continue
        for line, example in enumerate(listed.splitlines(), start=listed.line):
            if not example.strip() or example.strip().startswith("#"):
                continue
            if not example.lstrip().startswith("- "):
                text = f"例句“{example.strip()[:20]}”前面少了“- ”（减号加一个空格）"
                yield Finding(file, line, "error", "format", text)
                continue
            said = example.strip()[2:].strip()
            counts[base] = counts.get(base, 0) + 1
            if "domain.yml" not in project.broken:
                yield from _entities(words, file, line, said)
            other, where, at = first.setdefault(said, (base, file, line))
            if other != base:
                text = f"例句“{said[:30]}”已经是意图 {other} 的（{where}:{at}），一句话只能教给一个意图，请删掉一处"
                yield Finding(file, line, "error", "example_twice", text)
    if not any(file.startswith("data/nlu/") for file in project.broken):
        yield from _few(project, counts)


def _entities(words: Vocabulary, file: str, line: int, said: str) -> Iterator[Finding]:
    for found in ENTITY.finditer(said):
        name = (found["entity"] or found["named"]).split(":")[0]
        if name not in words.entities:
            text = f"例句里标注的实体 {name} 不在 entities 里{meant(name, words.entities)}"
            yield Finding(file, line, "error", "unknown_entity", text)


def _few(project: Project, counts: dict[str, int]) -> Iterator[Finding]:
    for intent in project.section("intents"):
        number, line = counts[intent], line_of(intent)
        if intent in DEFAULT_INTENTS:
            continue
        if not number:
            text = f"意图 {intent} 没有例句，机器人认不出它。请在 data/nlu/<基础意图>/{intent}.yml 里写一些"
            yield Finding("domain.yml", line, "error", "intent_without_examples", text)
        elif number < FEW:
            text = f"意图 {intent} 只有 {number} 句例句，认得不会准，至少写 {FEW} 句，最好几百句"
            yield Finding("domain.yml", line, "hint", "few_examples", text)
