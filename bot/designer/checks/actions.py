"""Actions of the domain against the classes that implement them, and who calls them."""

from collections.abc import Iterator

from bot.designer.findings import Finding, meant
from bot.designer.project import Project
from bot.designer.vocabulary import DEFAULT_ACTIONS, Vocabulary
from bot.designer.yaml_lines import line_of

FILE = "domain.yml"


def check_actions(project: Project) -> Iterator[Finding]:
    """Actions without a class, classes without an entry in the domain, actions that nobody calls."""
    words, code = Vocabulary(project), project.code
    classes = code.actions()
    listed = project.section("actions")
    called = _called(project, words)
    for name in listed:
        line = line_of(name)
        if name in words.responses or name in words.forms:
            text = f"{name} 是回复或表单，Rasa 自己知道，不用再写在 actions 里"
            yield Finding(FILE, line, "hint", "needless_action", text)
            continue
        made = any(use.matches(name) for use in code.with_prefix("validate_") if not use.is_name)
        if name not in classes and not made and name not in DEFAULT_ACTIONS:
            text = f"动作 {name} 在 actions/ 里没有实现{meant(name, classes) or '，请让开发者写好，或者删掉它'}"
            yield Finding(FILE, line, "error", "action_without_class", text)
        if name not in called:
            text = f"动作 {name} 没有任何规则、故事、表单或代码用到，可以删掉"
            yield Finding(FILE, line, "hint", "unused_action", text)
    for name, one in classes.items():
        if name not in listed and name not in DEFAULT_ACTIONS:
            advice = meant(name, listed) or "，Rasa 不会调用，请加上"
            text = f"动作 {name} 已经写好，但 domain.yml 的 actions 里没有它{advice}"
            yield Finding(one.file, one.line, "error", "action_not_in_domain", text)


def _called(project: Project, words: Vocabulary) -> set[str]:
    steps = (step for block in project.of_kind("rule", "story") for _, step in block.steps())
    called = {str(step["action"]) for step in steps if "action" in step}
    for form in words.forms:
        called.add(f"validate_{form}")
        for slot in words.required(form):
            called |= set(words.questions(form, slot))
    created = {name for name, one in project.code.actions().items() if one.name in project.code.called}
    return called | created | project.code.names | DEFAULT_ACTIONS
