"""Slots that nobody fills or nobody reads."""

import re
from collections.abc import Iterator
from pathlib import Path

from bot.designer.findings import Finding
from bot.designer.project import Project
from bot.designer.vocabulary import Vocabulary
from bot.designer.yaml_lines import Mapping, Sequence, line_of


def check_slots(project: Project) -> Iterator[Finding]:
    """Hints only: other programs may read a conversation's slots as well."""
    words, code = Vocabulary(project), project.code
    asked = {slot for form in words.forms for slot in words.required(form)}
    named = {name for block in project.of_kind("rule", "story") for name in _named(block.content)}
    shown = set(re.findall(r"\{(\w+)\}", str(project.section("responses"))))
    others = _elsewhere(project.root)
    for slot, content in project.section("slots").items():
        mappings = content.get("mappings") if isinstance(content, Mapping) else None
        kinds = [m.get("type") for m in mappings if isinstance(m, Mapping)] if isinstance(mappings, Sequence) else []
        # Besides SlotSet("x") there are slots={"x": …}, so any other mention counts for both.
        mentions = sum(use.template == slot for use in code.uses) + max(code.referred.count(slot) - 1, 0)
        only_read = mentions and slot in code.read_slots and slot not in code.set_slots and mentions == 1
        only_set = mentions and slot in code.set_slots and slot not in code.read_slots and mentions == 1
        line = line_of(slot)
        if kinds == ["custom"] and slot not in asked and (not mentions or only_read):
            yield Finding(
                "domain.yml", line, "hint", "slot_never_set", f"词槽 {slot} 没有人填：没有动作设置它，也没有表单问它"
            )
        if slot not in asked | named | shown and slot not in others and (not mentions or only_set):
            yield Finding(
                "domain.yml",
                line,
                "hint",
                "slot_never_read",
                f"词槽 {slot} 没有人用：没有规则、故事、回复或动作读它，可以删掉",
            )


def _named(content: Mapping) -> Iterator[str]:
    """Slots that a rule or story branches on."""
    for listed in (content.get("steps"), content.get("condition")):
        for step in listed if isinstance(listed, Sequence) else []:
            found = step.get("slot_was_set") if isinstance(step, Mapping) else None
            for item in found if isinstance(found, Sequence) else [found] if found else []:
                yield from item if isinstance(item, Mapping) else [str(item)]


def _elsewhere(root: Path) -> set[str]:
    """All quoted names in the suite's other rooms, which read slots from events."""
    rooms = [p for p in (root / "bot").rglob("*.py") if "designer" not in p.parts]
    return {name for path in rooms for name in re.findall(r"""["'](\w+)["']""", path.read_text(encoding="utf8"))}
