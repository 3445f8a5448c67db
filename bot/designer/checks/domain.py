"""The domain's own form: sections, types of slots, slots of forms."""

from collections.abc import Iterator

from bot.designer.findings import Finding, meant
from bot.designer.project import Project
from bot.designer.vocabulary import Vocabulary
from bot.designer.yaml_lines import Mapping, Sequence, line_of

FILE = "domain.yml"
SECTIONS = {
    *("version", "session_config", "intents", "entities", "slots", "forms", "actions", "responses"),
    *("config", "e2e_actions"),
}
LISTS = ("intents", "entities", "actions")
TYPES = {"text", "bool", "categorical", "float", "list", "any"}
MAPPINGS = {"custom", "from_entity", "from_intent", "from_text", "from_trigger_intent"}


def check_domain(project: Project) -> Iterator[Finding]:
    """What Rasa would refuse, or not notice, in domain.yml."""
    if FILE in project.broken:
        return
    domain = project.domain
    for key in domain:
        if key not in SECTIONS:
            yield _error(line_of(key), "unknown_key", f"domain.yml 里没有“{key}”这一节{meant(key, SECTIONS)}")
    for name in LISTS:
        yield from _twice(name, domain.get(name))
    for name, slot in project.section("slots").items():
        yield from _slot(project, name, slot)
    words = Vocabulary(project)
    for form, content in project.section("forms").items():
        if not isinstance(content, Mapping) or "required_slots" not in content:
            yield _error(line_of(form), "format", f"表单 {form} 缺少 required_slots: 要问的词槽")
        for slot in words.required(form):
            if slot not in words.slots:
                text = f"表单 {form} 要问的词槽 {slot} 不在 slots 里{meant(slot, words.slots) or '，请加上它'}"
                line = next((line_of(s) for s in content["required_slots"] if s == slot), 0)
                yield _error(line or line_of(form), "unknown_slot", text)


def _error(line: int, kind: str, text: str) -> Finding:
    return Finding(FILE, line, "error", kind, text)


def _twice(section: str, listed: object) -> Iterator[Finding]:
    seen: set[str] = set()
    for line, item in zip(listed.lines, listed, strict=True) if isinstance(listed, Sequence) else ():
        for name in item if isinstance(item, Mapping) else [item]:
            if not isinstance(name, str):
                yield _error(line, "format", f"{section} 里的“{name}”看不懂，应写成“- 名字”")
            elif name in seen:
                yield _error(line, "duplicate_key", f"{section} 里的“{name}”写了两次，请删掉一个")
            seen.add(str(name))


def _slot(project: Project, name: str, slot: object) -> Iterator[Finding]:
    line = line_of(name)
    if not isinstance(slot, Mapping):
        yield _error(line, "format", f"词槽 {name} 下面要写 type 和 mappings")
        return
    kind = slot.get("type")
    if kind not in TYPES and "." not in str(kind):
        yield _error(line_of(kind, line), "unknown_type", f"词槽 {name} 的 type“{kind}”不认识{meant(str(kind), TYPES)}")
    if kind == "categorical" and not isinstance(slot.get("values"), Sequence):
        yield _error(line, "format", f"词槽 {name} 是 categorical，请写 values: [可选的值]")
    mappings = slot.get("mappings")
    if not isinstance(mappings, Sequence):
        yield _error(line, "format", f"词槽 {name} 缺少 mappings。由动作填的写 mappings: [{{type: custom}}]")
        return
    for mapping in mappings:
        kind = mapping.get("type") if isinstance(mapping, Mapping) else mapping
        if kind not in MAPPINGS:
            yield _error(
                line_of(mapping, line), "unknown_type", f"词槽 {name} 的来源“{kind}”不认识{meant(str(kind), MAPPINGS)}"
            )
            continue
        yield from _conditions(project, name, mapping)
        entity = mapping.get("entity")
        if kind == "from_entity" and entity not in project.section("entities"):
            guess = meant(str(entity), project.section("entities"))
            yield _error(
                line_of(mapping, line), "unknown_entity", f"词槽 {name} 取自实体 {entity}，但 entities 里没有它{guess}"
            )


def _conditions(project: Project, name: str, mapping: Mapping) -> Iterator[Finding]:
    words = Vocabulary(project)
    listed = mapping.get("conditions")
    for condition in listed if isinstance(listed, Sequence) else []:
        form = condition.get("active_loop") if isinstance(condition, Mapping) else None
        if form and form not in words.forms:
            text = f"词槽 {name} 只在表单 {form} 里填，但没有这个表单{meant(str(form), words.forms)}"
            yield _error(line_of(form, mapping.line), "unknown_form", text)
        elif form and name not in words.required(form) and mapping.get("type") != "from_trigger_intent":
            text = f"词槽 {name} 只在表单 {form} 里填，但表单的 required_slots 里没有它，请加上"
            yield _error(line_of(form, mapping.line), "slot_not_in_form", text)
