"""What the actions' sources name, read as text: importing them would need a shop, and run what is not checked yet."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.designer.findings import Finding
from bot.designer.strings import Scope, constants_of, template_of

NOT_VARIABLES = {"response", "buttons", "json_message", "text", "image", "template", "attachment", "elements"}
Place = tuple[str, int]


@dataclass(frozen=True)
class Use:
    """A string in the code; what is filled in when it runs stands in braces, as `utter_refused_{rule}`."""

    template: str
    file: str
    line: int

    @property
    def is_name(self) -> bool:
        """Whether the whole name stands there."""
        return "{" not in self.template

    def matches(self, name: str) -> bool:
        """Whether the string may become `name`."""
        pattern = "".join(".+" if i % 2 else re.escape(p) for i, p in enumerate(re.split(r"\{(\w*)\}", self.template)))
        return re.fullmatch(pattern, name) is not None


@dataclass(frozen=True)
class Given(Use):
    """A place that says a response with these variables; None when they are put together elsewhere."""

    variables: frozenset[str] | None = None


@dataclass
class ActionClass:
    """A class of the sources; `name_node` is what its `name()` returns."""

    name: str
    bases: list[str]
    texts: dict[str, str]
    name_node: ast.expr | None
    file: str
    line: int


# The rooms and modules that say responses of domain.yml.
SPEAKERS = ("bot/phrases.py",)
SPEAKING = ("actions", "bot/channels", "bot/conversations", "bot/desk", "bot/knowledge")


@dataclass
class Code:
    """Facts of all modules of `SPEAKING`.

    Attributes:
        uses: strings that are neither documentation nor an action's own name.
        referred: strings that are used by the name of their constant.
        given: calls of utter_message and phrase.
        set_slots, read_slots: names given to SlotSet and get_slot.
        followed: names given to FollowupAction.
        called: names of classes that the code itself creates.
        classes: all classes.
    """

    uses: list[Use] = field(default_factory=list)
    referred: list[str] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    set_slots: set[str] = field(default_factory=set)
    read_slots: set[str] = field(default_factory=set)
    followed: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    classes: list[ActionClass] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """All whole strings."""
        return {use.template for use in self.uses if use.is_name}

    def with_prefix(self, prefix: str) -> list[Use]:
        """The strings that begin so and go on."""
        return [u for u in self.uses if u.template.startswith(prefix) and not u.template.endswith("_")]

    def actions(self) -> dict[str, ActionClass]:
        """Action name → the class that implements it."""
        found = {}
        for one in self.classes:
            family = self._family(one)
            if not any(base.endswith("Action") for relative in family for base in relative.bases):
                continue
            template = self._own_name(one)
            if template and "{" not in template and not template.endswith("_"):  # else a pattern's base
                found[template] = one
        return found

    def _family(self, one: ActionClass) -> list[ActionClass]:
        """The class itself and all its bases that the sources have, nearest first."""
        found, waiting = [], [one]
        while waiting:
            relative = waiting.pop(0)
            if relative not in found:
                found.append(relative)
                waiting += [base for name in relative.bases if (base := self._named(name, relative.file))]
        return found

    def _named(self, name: str, file: str) -> ActionClass | None:
        """The class that `name` means in `file`: its own, else one of another module."""
        fitting = [one for one in self.classes if one.name == name]
        return next((one for one in fitting if one.file == file), fitting[0] if fitting else None)

    def _own_name(self, one: ActionClass) -> str | None:
        family = self._family(one)
        texts = {key: value for relative in reversed(family) for key, value in relative.texts.items()}
        node = next((relative.name_node for relative in family if relative.name_node is not None), None)
        return template_of(node, Scope(texts, texts)) if node is not None else None


def read_code(root: Path) -> Code:
    """Read every module of the rooms that speak to customers; those with a syntax error are in its findings."""
    code, trees = Code(), {}
    speakers = [root / file for file in SPEAKERS if (root / file).is_file()]
    for path in [*sorted(path for folder in SPEAKING for path in (root / folder).rglob("*.py")), *speakers]:
        file = path.relative_to(root).as_posix()
        try:
            trees[file] = ast.parse(path.read_text(encoding="utf8"))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", 0) or 0
            code.findings.append(Finding(file, line, "error", "python", "不是正确的 Python，请交给开发者修改"))
    shared = {name: value for tree in trees.values() for name, value in constants_of(tree).items()}
    for file, tree in trees.items():
        _Reader(code, file, Scope({**shared, **constants_of(tree)}, {})).visit(tree)
    return code


class _Reader(ast.NodeVisitor):
    def __init__(self, code: Code, file: str, scope: Scope) -> None:
        self.code, self.file, self.scope = code, file, scope

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        texts, outside = constants_of(node), self.scope
        self.scope = Scope({**outside.names, **texts}, texts)
        bases = [ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases]
        one = ActionClass(node.name, bases, texts, _returned_name(node), self.file, node.lineno)
        self.code.classes.append(one)
        for inner in [*node.decorator_list, *node.body]:
            if not (isinstance(inner, ast.FunctionDef) and inner.name == "name"):
                self.visit(inner)
        self.scope = outside

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # not documentation
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0] if node.args else None
        if called == "SlotSet":
            key = first or next((k.value for k in node.keywords if k.arg == "key"), None)
            self.code.set_slots |= set(self._names(key))
        elif called == "FollowupAction":
            self.code.followed |= set(self._names(first))
        elif called == "get_slot":
            self.code.read_slots |= set(self._names(first))
        elif called in ("utter_message", "phrase"):
            said = first if called == "phrase" else next((k.value for k in node.keywords if k.arg == "response"), None)
            names = {k.arg for k in node.keywords if k.arg is not None}
            names -= set() if called == "phrase" else NOT_VARIABLES
            known = None if any(k.arg is None for k in node.keywords) else frozenset(names)
            self.code.given += [Given(name, self.file, node.lineno, known) for name in self._names(said)]
        else:
            self.code.called.add(called)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node.id in self.scope.names:
            self.code.referred.append(self.scope.names[node.id])

    def visit_Constant(self, node: ast.Constant) -> None:
        self._use(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._use(node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                self.visit(inner)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not self._use(node):
            self.generic_visit(node)

    def _use(self, node: ast.expr) -> bool:
        template = template_of(node, self.scope)
        if template:
            self.code.uses.append(Use(template, self.file, node.lineno))
        return template is not None

    def _names(self, node: ast.expr | None) -> Iterator[str]:
        """The whole strings that an expression may be."""
        if isinstance(node, ast.IfExp):
            yield from self._names(node.body)
            yield from self._names(node.orelse)
        elif node is not None:
            template = template_of(node, self.scope)
            if template and "{" not in template:
                yield template


def _returned_name(node: ast.ClassDef) -> ast.expr | None:
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "name":
            returned = [n.value for n in ast.walk(inner) if isinstance(n, ast.Return)]
            return returned[0] if len(returned) == 1 else None
    return None
