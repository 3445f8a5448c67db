"""Intents that lead nowhere, forms that nobody starts, that ask without words or never end."""

from collections.abc import Iterator

from bot.designer.findings import Finding
from bot.designer.project import Block, Project
from bot.designer.vocabulary import DEFAULT_INTENTS, Vocabulary
from bot.designer.yaml_lines import Mapping, Sequence, line_of

FILE = "domain.yml"


def check_intents(project: Project) -> Iterator[Finding]:
    """Every intent needs a rule or a story."""
    blocks = project.of_kind("rule", "story")
    used = {step["intent"] for block in blocks for _, step in block.steps() if isinstance(step.get("intent"), str)}
    for intent in project.section("intents"):
        if intent not in used | DEFAULT_INTENTS:
            text = f"意图 {intent} 没有规则也没有故事，机器人听懂了也不知道怎么办。请在 data/rules/ 里写一条"
            yield Finding(FILE, line_of(intent), "error", "intent_without_rule", text)


def check_forms(project: Project) -> Iterator[Finding]:
    """Every form is started, has words for each question, a way to fill each slot, and an end."""
    words = Vocabulary(project)
    blocks = project.of_kind("rule", "story")
    for form in project.section("forms"):
        line = line_of(form)
        if not any(starts(block, form) for block in blocks) and form not in project.code.followed:
            text = f"表单 {form} 没有规则启动它，请写一条规则：意图来了，- action: {form}，- active_loop: {form}"
            yield Finding(FILE, line, "error", "form_without_start", text)
        if not any(submits(block, form) for block in blocks):
            text = (
                f"表单 {form} 没有结束的规则，问完以后没有下文。请写一条：条件 active_loop: {form}，"
                f"步骤 - action: {form}，- active_loop: null，最后是办理的动作"
            )
            yield Finding(FILE, line, "error", "form_without_submit", text)
        for slot in words.required(form):
            yield from _slot(project, words, form, slot)


def starts(block: Block, form: str) -> bool:
    """Whether the block activates `form`."""
    steps = [step for _, step in block.steps()]
    return any(s.get("action") == form for s in steps) and any(s.get("active_loop") == form for s in steps)


def submits(block: Block, form: str) -> bool:
    """Whether the block goes on after `form` has ended."""
    inside = any(c.get("active_loop") == form for _, c in block.conditions()) or starts(block, form)
    steps = [step for _, step in block.steps()]
    ends = [i for i, s in enumerate(steps) if "active_loop" in s and s["active_loop"] is None]
    return inside and any(any(s.get("action") == form for s in steps[:i]) and "action" in str(steps[i:]) for i in ends)


def _slot(project: Project, words: Vocabulary, form: str, slot: str) -> Iterator[Finding]:
    place = next((line_of(s) for s in project.section("forms")[form]["required_slots"] if s == slot), 0)
    questions = words.questions(form, slot)
    content = project.section("slots").get(slot)
    mappings = content.get("mappings") if isinstance(content, Mapping) else None
    kinds = {m.get("type") for m in mappings if isinstance(m, Mapping)} if isinstance(mappings, Sequence) else set()
    by_action = kinds == {"custom"}
    if not set(questions) & words.actions:
        text = f"表单 {form} 问 {slot} 时没有话可说，请在 responses 里写 {questions[1]}"
        text += "（动作总会自己填上它的话，可以不写）" if by_action else ""
        yield Finding(FILE, place, "hint" if by_action else "error", "form_without_question", text)
    if by_action and f"validate_{form}" not in project.section("actions"):
        text = (
            f"表单 {form} 的词槽 {slot} 由动作来填（custom），请在 actions 里加上 validate_{form}，否则会一直重复提问"
        )
        yield Finding(FILE, place, "error", "form_without_validation", text)
