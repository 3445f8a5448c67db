"""Texts and buttons of the responses."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from bot.designer.findings import Finding, meant
from bot.designer.project import Project
from bot.designer.vocabulary import Vocabulary
from bot.designer.yaml_lines import Mapping, Sequence, Text, line_of

FILE = "domain.yml"
CONTENT = {"text", "custom", "image", "attachment", "buttons", "elements", "quick_replies"}
KEYS = CONTENT | {"condition", "channel", "metadata", "id", "button_type"}
EXAMPLE = '/inform{{"city": "北京"}}'
VARIABLE = re.compile(r"\{(\w+)\}")


def check_responses(project: Project) -> Iterator[Finding]:
    """Empty texts, broken braces, variables that nobody fills or that alternatives do not share."""
    given = _given(project)
    for name, alternatives in project.section("responses").items():
        if not isinstance(alternatives, Sequence) or not alternatives:
            text = f'回复 {name} 下面没有内容，请写 - text: "要说的话"'
            yield Finding(FILE, line_of(name), "error", "empty_response", text)
            continue
        texts: list[Text] = []
        for line, one in zip(alternatives.lines, alternatives, strict=True):
            yield from _alternative(name, line, one)
            if isinstance(one, Mapping) and isinstance(one.get("text"), Text):
                texts.append(one["text"])
        for text in texts:
            yield from _braces(name, text)
        yield from _alike(name, texts)
        if name in given:
            yield from _filled(name, texts, given[name])


def _alternative(name: str, line: int, one: Any) -> Iterator[Finding]:
    if not isinstance(one, Mapping):
        yield Finding(FILE, line, "error", "format", f'回复 {name} 应写成 - text: "要说的话"')
        return
    for key in one:
        if key not in KEYS:
            text = f"回复 {name} 里没有“{key}”这种写法{meant(str(key), KEYS)}"
            yield Finding(FILE, line_of(key, line), "error", "unknown_key", text)
    if not one.keys() & CONTENT or ("text" in one and not str(one["text"] or "").strip() and len(one) == 1):
        yield Finding(FILE, line, "error", "empty_response", f'回复 {name} 没有文字，请写 text: "要说的话"')


def _braces(name: str, text: Text) -> Iterator[Finding]:
    rest = VARIABLE.sub("", text)
    if found := re.search(r"[｛｝]", rest):
        message = f"回复 {name} 用了全角花括号“{found[0]}”，变量要写英文花括号，如 {{title}}"
        yield Finding(FILE, text.line, "error", "braces", message)
    if re.search(r"[{}]", rest):
        message = f"回复 {name} 的花括号不成对，或里面不是变量名。变量写成 {{title}}，照抄原来的名字"
        yield Finding(FILE, text.line, "error", "braces", message)


def _alike(name: str, texts: list[Text]) -> Iterator[Finding]:
    if len(texts) < 2:
        return
    variables = [set(VARIABLE.findall(text)) for text in texts]
    everywhere, anywhere = set.intersection(*variables), set.union(*variables)
    for text, own in zip(texts, variables, strict=True):
        for odd in sorted(own - everywhere):
            missing = [other for other in variables if odd not in other]
            guess = meant(odd, anywhere - {odd})
            level: Any = "error" if guess and len(missing) == len(variables) - 1 else "hint"
            message = f"回复 {name} 的几种说法变量不一样：{{{odd}}} 不是每种都有{guess}"
            yield Finding(FILE, text.line, level, "uneven_variables", message)


def _given(project: Project) -> dict[str, set[str]]:
    """Response → the variables that are filled in wherever it is said; only those known for certain."""
    slots = set(project.section("slots"))
    said: dict[str, list[frozenset[str] | None]] = defaultdict(list)
    for one in project.code.given:
        said[one.template].append(one.variables)
    mentions: dict[str, int] = defaultdict(int)
    for use in project.code.uses:
        mentions[use.template] += 1
    open_ends = [use for use in project.code.with_prefix("utter_") if not use.is_name]
    words = Vocabulary(project)
    by_steps = {str(s["action"]) for b in project.of_kind("rule", "story") for _, s in b.steps() if "action" in s}
    by_steps |= {q for form in words.forms for slot in words.required(form) for q in words.questions(form, slot)}
    found = {}
    for name in project.section("responses"):
        calls = said[name]
        if any(use.matches(name) for use in open_ends):
            continue
        if name in by_steps and not mentions[name]:
            found[name] = slots
        elif name in by_steps or mentions[name] != len(calls):
            continue
        elif calls and None not in calls:
            found[name] = slots | set.intersection(*(set(c) for c in calls if c is not None))
    return found


def _filled(name: str, texts: list[Text], known: set[str]) -> Iterator[Finding]:
    for text in texts:
        for variable in dict.fromkeys(VARIABLE.findall(text)):
            if variable not in known:
                guess = meant(variable, known)
                names = "、".join(f"{{{k}}}" for k in sorted(known)[:12])
                advice = guess or (f"，可用的有 {names}" if known else "，这里不能用变量")
                message = f"回复 {name} 里的 {{{variable}}} 没有人填，顾客会看到花括号{advice}"
                yield Finding(FILE, text.line, "error", "unfilled_variable", message)


def check_buttons(project: Project) -> Iterator[Finding]:
    """Payloads: /intent or /intent{{"entity": "value"}} of names that exist; Rasa takes single braces for variables."""
    words = Vocabulary(project)
    for name, alternatives in project.section("responses").items():
        for one in alternatives if isinstance(alternatives, Sequence) else []:
            buttons = one.get("buttons") if isinstance(one, Mapping) else None
            for button in buttons if isinstance(buttons, Sequence) else []:
                yield from _button(words, name, button)


def _button(words: Vocabulary, name: str, button: Any) -> Iterator[Finding]:
    if not isinstance(button, Mapping) or not button.get("title") or not button.get("payload"):
        text = f'回复 {name} 的按钮应写成 {{title: "文字", payload: "/意图"}}'
        yield Finding(FILE, line_of(button), "error", "button", text)
        return
    payload, line = str(button["payload"]), line_of(button["payload"], button.line)
    if payload.startswith("／"):
        text = f"按钮“{button['title']}”的 payload 用了全角斜线，请改成英文的 /"
        yield Finding(FILE, line, "error", "payload", text)
    if not payload.startswith("/"):
        return  # words that are understood as if the customer had typed them, or a variable
    intent, brace, rest = payload[1:].partition("{")
    if not VARIABLE.fullmatch(brace + rest) and brace:
        yield from _json(words, str(button["title"]), line, brace + rest)
    intent = intent.strip().split("@")[0]
    if intent and intent not in words.intents:
        guess = meant(intent, words.intents)
        text = f"按钮“{button['title']}”点了是意图 {intent}，但没有这个意图{guess or '，请改成 intents 里有的名字'}"
        yield Finding(FILE, line, "error", "payload_intent", text)


def _json(words: Vocabulary, title: str, line: int, text: str) -> Iterator[Finding]:
    doubled = text.startswith("{{") and text.endswith("}}")
    try:
        values = json.loads(text[1:-1] if doubled else text)
    except ValueError:
        advice = "，引号要用英文的" if re.search("[“”：]", text) else ""
        message = f"按钮“{title}”的 payload 里 {text} 写得不对{advice}，应像 {EXAMPLE}"
        yield Finding(FILE, line, "error", "payload_json", message)
        return
    if not doubled:
        message = f"按钮“{title}”的 payload 要写双层花括号，如 {EXAMPLE}；单层的会被当成变量，在日志里报错"
        yield Finding(FILE, line, "hint", "payload_braces", message)
    for key in values if isinstance(values, dict) else []:
        if key not in words.entities | words.slots:
            guess = meant(key, words.entities | words.slots)
            message = f"按钮“{title}”带的“{key}”不是实体也不是词槽{guess or '，请先加到 entities'}"
            yield Finding(FILE, line, "error", "payload_entity", message)
