"""data/taxonomy.yml against the domain: each intent belongs to one base intent and has a Chinese name."""

from collections.abc import Iterator

from bot.designer.findings import Finding, meant
from bot.designer.project import Project
from bot.designer.vocabulary import DEFAULT_INTENTS
from bot.designer.yaml_lines import Mapping, line_of

FILE = "data/taxonomy.yml"


def check_taxonomy(project: Project) -> Iterator[Finding]:
    """Intents without a group, groups with intents that do not exist; nothing where the project has no taxonomy."""
    content = project.contents.get(FILE)
    base = content.get("base") if isinstance(content, Mapping) else None
    if not isinstance(base, Mapping):
        return
    intents = project.section("intents")
    grouped: dict[str, str] = {}
    for group, listed in base.items():
        named = listed.get("intents") if isinstance(listed, Mapping) else None
        if not isinstance(named, Mapping):
            text = f"{group} 下面要有 title: 中文名，和 intents: 若干“意图: 中文名”"
            yield Finding(FILE, line_of(group), "error", "format", text)
            continue
        for name in named:
            line = line_of(name)
            if name in grouped:
                text = f"意图 {name} 已经写在 {grouped[name]} 下面，请删掉一个"
                yield Finding(FILE, line, "error", "duplicate_key", text)
            elif name not in intents:
                text = f"意图 {name} 不在 domain.yml 的 intents 里{meant(name, intents) or '，请加上或删掉'}"
                yield Finding(FILE, line, "error", "unknown_intent", text)
            grouped[str(name)] = str(group)
    for name in intents:
        if name not in grouped and name not in DEFAULT_INTENTS:
            text = f"意图 {name} 没有中文名，请在 {FILE} 的某个基础意图下写“{name}: 中文名”"
            yield Finding("domain.yml", line_of(name), "error", "intent_without_base", text)
