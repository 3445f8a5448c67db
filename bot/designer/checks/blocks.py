"""Rules, stories and tests as such: words of the format, names that stand twice, more than a rule may hold."""

from collections.abc import Iterator
from typing import Any

from bot.designer.findings import Finding, meant
from bot.designer.project import Block, Project
from bot.designer.yaml_lines import Mapping, Sequence, line_of

TITLES = {"rule": "规则", "story": "故事", "test": "测试"}
SECTIONS = {"version", "rules", "stories", "nlu", "responses", "forms", "e2e_actions"}
BLOCK = {"rule", "story", "steps", "condition", "conversation_start", "wait_for_user_input", "metadata"}
STEP = {
    *("intent", "user", "entities", "action", "bot", "active_loop", "slot_was_set", "or", "checkpoint"),
    *("metadata", "not_allowed", "slots", "role", "group"),
}
CONDITION = {"active_loop", "slot_was_set"}
FOLDERS = ("data/rules/", "data/stories/", "data/nlu/", "tests/stories/")


def check_blocks(project: Project) -> Iterator[Finding]:
    """The form of every file with rules, stories, examples or tests."""
    for file, content in project.contents.items():
        if file.startswith(FOLDERS):
            yield from _sections(file, content)
    seen: dict[tuple[str, str], Block] = {}
    for block in project.blocks:
        title = TITLES[block.kind]
        if not block.name:
            key = "rule" if block.kind == "rule" else "story"
            yield Finding(block.file, block.line, "error", "no_name", f"这条{title}没有名字，请写 - {key}: 名字")
        first = seen.setdefault((block.kind, block.name), block)
        if first is not block and block.name:
            text = f"{title}“{block.name}”与 {first.file}:{first.line} 重名，请换一个名字"
            yield Finding(block.file, block.line, "error", "duplicate_name", text)
        yield from _keys(block.file, block.content, BLOCK, title)
        yield from _steps(block)


def _sections(file: str, content: Any) -> Iterator[Finding]:
    if content is None:
        yield Finding(file, 1, "hint", "empty_file", "文件是空的，可以删掉")
        return
    if not isinstance(content, Mapping):
        text = '开头应是 version: "3.1"，然后是 rules:、stories: 或 nlu:'
        yield Finding(file, line_of(content, 1), "error", "format", text)
        return
    yield from _keys(file, content, SECTIONS, "文件")
    for name in ("rules", "stories", "nlu"):
        listed = content.get(name)
        if name in content and not isinstance(listed, Sequence):
            text = f"{name}: 下面应是若干项，每项以减号“- ”开头"
            yield Finding(file, line_of(listed, content.line), "error", "format", text)
        for line, item in zip(listed.lines, listed, strict=True) if isinstance(listed, Sequence) else ():
            if not isinstance(item, Mapping):
                yield Finding(file, line, "error", "format", f"“{item}”看不懂，每项应写成“- 名字: 内容”")


def _keys(file: str, content: Mapping, known: set[str], where: str) -> Iterator[Finding]:
    for key in content:
        if key not in known:
            text = f"{where}里没有“{key}”这种写法{meant(str(key), known)}"
            yield Finding(file, line_of(key, content.line), "error", "unknown_key", text)


def _steps(block: Block) -> Iterator[Finding]:
    title = TITLES[block.kind]
    listed = block.content.get("steps")
    if not isinstance(listed, Sequence) or not listed:
        text = f"{title}“{block.name}”没有步骤，请在 steps: 下面写"
        yield Finding(block.file, block.line, "error", "no_steps", text)
        return
    for steps in [listed, *(s["or"] for s in listed if isinstance(s, Mapping) and isinstance(s.get("or"), Sequence))]:
        for line, step in zip(steps.lines, steps, strict=True):
            if not isinstance(step, Mapping):
                text = f"步骤“{step}”看不懂，应写成“- intent: 意图”或“- action: 动作”"
                yield Finding(block.file, line, "error", "format", text)
            elif not step.keys() & STEP:
                yield from _keys(block.file, step, STEP, "步骤")
            else:
                yield from _keys(block.file, step, STEP, "步骤")
    turns = [s for s in listed if isinstance(s, Mapping) and (s.keys() & {"intent", "user"} or _or_of_intents(s))]
    if block.kind == "rule" and len(turns) > 1:
        text = f"规则“{block.name}”里顾客说了 {len(turns)} 句话，规则只能有一句；要写几轮对话请用故事（data/stories/）"
        yield Finding(block.file, turns[1].line, "error", "rule_too_long", text)
    for line, condition in block.conditions():
        yield from (f for f in _keys(block.file, condition, CONDITION, "condition") if line)


def _or_of_intents(step: Mapping) -> bool:
    listed = step.get("or")
    return isinstance(listed, Sequence) and any(isinstance(one, Mapping) and "intent" in one for one in listed)
