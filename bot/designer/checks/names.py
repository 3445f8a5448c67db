"""Names in rules, stories and tests that the domain does not have."""

from collections.abc import Iterator
from typing import Any

from bot.designer.findings import Finding, meant
from bot.designer.project import Block, Project
from bot.designer.vocabulary import DEFAULT_SLOTS, Vocabulary
from bot.designer.yaml_lines import Mapping, Sequence, Text, line_of


def check_names(project: Project) -> Iterator[Finding]:
    """Unknown intents, entities, slots, values of slots, forms, responses and actions."""
    if "domain.yml" in project.broken:
        return
    words = Vocabulary(project)
    for block in project.blocks:
        for line, step in [*block.steps(), *block.conditions()]:
            yield from _step(project, words, block, line, step)


def _step(project: Project, words: Vocabulary, block: Block, line: int, step: Mapping) -> Iterator[Finding]:
    intent, action, loop = step.get("intent"), step.get("action"), step.get("active_loop")
    if "intent" in step:
        yield from _unknown(
            block, line, intent, words.intents, "intent", "意图", "请先在 domain.yml 的 intents 里加上它"
        )
    if "action" in step:
        kind = "response" if str(action).startswith("utter_") else "action"
        what, where = {"response": ("回复", "responses"), "action": ("动作或表单", "actions")}[kind]
        known = words.responses if kind == "response" else words.actions - words.responses
        yield from _unknown(block, line, action, known, kind, what, f"请先在 domain.yml 的 {where} 里加上它")
    if loop is not None:
        yield from _unknown(block, line, loop, words.forms, "form", "表单", "请先在 domain.yml 的 forms 里加上它")
    for name, place in _entities(step.get("entities")):
        yield from _unknown(
            block, place or line, name, words.entities, "entity", "实体", "请先在 domain.yml 的 entities 里加上它"
        )
    for name, value, place in _slots(step.get("slot_was_set")):
        found = list(
            _unknown(block, place or line, name, words.slots, "slot", "词槽", "请先在 domain.yml 的 slots 里加上它")
        )
        yield from found or _value(project, block, place or line, str(name), value)


def _unknown(
    block: Block, line: int, name: Any, known: set[str], kind: str, what: str, advice: str
) -> Iterator[Finding]:
    if not isinstance(name, str) or not name:
        yield Finding(block.file, line, "error", f"no_{kind}", f"这里没有写{what}的名字")
    elif name not in known:
        guess = meant(name, known)
        text = f"没有“{name}”这个{what}{guess or '。' + advice}"
        yield Finding(block.file, line_of(name, line), "error", f"unknown_{kind}", text)


def _entities(listed: Any) -> Iterator[tuple[Any, int]]:
    for item in listed if isinstance(listed, Sequence) else []:
        for name in item if isinstance(item, Mapping) else [item]:
            if name not in ("role", "group", "value"):
                yield name, line_of(name)


def _slots(listed: Any) -> Iterator[tuple[Any, Any, int]]:
    items = listed if isinstance(listed, Sequence) else [listed] if isinstance(listed, Mapping | Text) else []
    for item in items:
        if isinstance(item, Mapping):
            yield from ((name, value, line_of(name, item.line)) for name, value in item.items())
        else:
            yield item, ..., line_of(item)


def _value(project: Project, block: Block, line: int, name: str, value: Any) -> Iterator[Finding]:
    """A value that the slot can never have."""
    slot = project.section("slots").get(name)
    if name in DEFAULT_SLOTS or not isinstance(slot, Mapping) or value is None or value is ...:
        return
    kind, allowed = slot.get("type"), slot.get("values")
    if kind == "categorical" and isinstance(allowed, Sequence) and value not in allowed:
        names = [str(one) for one in allowed]
        text = f"词槽 {name} 没有“{value}”这个值{meant(str(value), names)}（可用的有 {'、'.join(names)}）"
        yield Finding(block.file, line, "error", "unknown_value", text)
    elif kind == "bool" and not isinstance(value, bool):
        yield Finding(block.file, line, "error", "unknown_value", f"词槽 {name} 只能是 true 或 false")
    elif slot.get("influence_conversation") is False:
        text = f"词槽 {name} 在 domain.yml 里写了 influence_conversation: false，这一行不起作用；要按它分支就改成 true"
        yield Finding(block.file, line, "hint", "slot_without_influence", text)
