"""Responses that nobody says, and those that the code says but nobody wrote."""

from collections.abc import Iterator

from bot.designer.checks.customers import said_by_experiments, said_by_scripts
from bot.designer.code import Use
from bot.designer.findings import Finding, meant
from bot.designer.project import Project
from bot.designer.vocabulary import Vocabulary
from bot.designer.yaml_lines import line_of

FILE = "domain.yml"
PREFIX = "utter_"
NO_RESPONSE = {"utter_action"}  # Rasa's key for the name of a response
REFUSED = "utter_refused_"


def check_spoken(project: Project) -> Iterator[Finding]:
    """Texts against everyone who says them: rules, stories, forms, actions."""
    words = Vocabulary(project)
    said = said_responses(project)
    for name in project.section("responses"):
        if name not in said:
            text = f"回复 {name} 没有人说：规则、故事、表单和动作都没有用到它，可以删掉"
            yield Finding(FILE, line_of(name), "hint", "unused_response", text)
    seen: set[str] = set()
    for use in said_by_code(project):
        if use.is_name and use.template not in words.responses | seen:
            advice = meant(use.template, words.responses) or "，请补上"
            text = f"动作要说 {use.template}，但 domain.yml 的 responses 里没有它{advice}"
            yield Finding(use.file, use.line, "error", "missing_response", text)
        elif use.template == f"{REFUSED}{{rule}}" and use.template not in seen:
            yield from _refusals(words, use)
        seen.add(use.template)


def _refusals(words: Vocabulary, use: Use) -> Iterator[Finding]:
    """Which of the shop's rules this place could say nothing about; only a hint, for not each can come up there."""
    from bot.shop.rules import RULES

    missing = [rule for rule in RULES if REFUSED + rule not in words.responses]
    if missing:
        text = (
            f"动作用 {REFUSED}规则名 说明原因，这些规则还没有回复：{'、'.join(missing)}。会遇到的请在 responses 里补上"
        )
        yield Finding(use.file, use.line, "hint", "missing_refusal", text)


def said_responses(project: Project) -> set[str]:
    """All responses of the domain that somebody says."""
    words = Vocabulary(project)
    steps = (step for block in project.of_kind("rule", "story") for _, step in block.steps())
    said = {str(step["action"]) for step in steps if "action" in step}
    for form in words.forms:
        for slot in words.required(form):
            # Rasa runs the first of these that exists.
            said |= set([q for q in words.questions(form, slot) if q in words.actions][:1])
    said |= {name for name, _ in (*said_by_scripts(project), *said_by_experiments(project))}
    uses = said_by_code(project)
    return {r for r in words.responses if r in said or any(use.matches(r) for use in uses)}


def said_by_code(project: Project) -> list[Use]:
    """The strings of the actions that are names of responses."""
    return [use for use in project.code.with_prefix(PREFIX) if use.template not in NO_RESPONSE]
