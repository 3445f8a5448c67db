"""Which rules of the shop may refuse what an action does, read from the sources without running them.

A walk over who names whom: from an action's methods through imported functions and classes, and through the methods
of the adapters, to every `Refused("rule")` of bot/shop. Methods are found by their names alone, so that a rule may be
listed too many; none that is written down is missed.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.shop.rules import RULES

SHOP, ACTIONS = "bot/shop", "actions"
_Function = ast.FunctionDef | ast.AsyncFunctionDef
# Names of methods that any list, dictionary or session has too: they lead everywhere.
COMMON = {
    *(name for kind in (str, dict, list, set) for name in dir(kind)),
    *("name", "run", "execute", "scalar", "scalars", "all", "one", "first", "load", "close", "add", "commit"),
}


@dataclass
class Node:
    """A function, or a class with its methods."""

    file: str
    name: str
    rules: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    methods_called: set[str] = field(default_factory=set)


@dataclass
class Refusals:
    """The graph; `imported` says which names a file has from elsewhere."""

    nodes: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    imported: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def of_classes(self, classes: Iterable[tuple[str, str]]) -> list[str]:
        """The rules behind some classes (file, name), in the order of bot.shop.RULES."""
        waiting = [node for file, name in classes for node in self.nodes[name] if node.file == file]
        seen: dict[int, Node] = {}
        while waiting:
            node = waiting.pop()
            if id(node) not in seen:
                seen[id(node)] = node
                waiting += self._next(node)
        found = {rule for node in seen.values() for rule in node.rules}
        return [rule for rule in RULES if rule in found]

    def _next(self, node: Node) -> Iterator[Node]:
        for name in node.names:
            own = [n for n in self.nodes.get(name, []) if n.file == node.file]
            original = self.imported[node.file].get(name)
            yield from own or (self.nodes.get(original, []) if original else [])
        for name in node.methods_called - COMMON:
            yield from (n for n in self.nodes.get(f".{name}", []) if n.file.startswith(SHOP))


def read_refusals(root: Path) -> Refusals:
    """The graph of actions/ and bot/shop/ below `root`."""
    graph, trees = Refusals(), {}
    for folder in (ACTIONS, SHOP):
        for path in sorted((root / folder).rglob("*.py")):
            trees[path.relative_to(root).as_posix()] = ast.parse(path.read_text(encoding="utf8"))
    passed_on = {f.name for tree in trees.values() for f in ast.walk(tree) if isinstance(f, _Function) and _by_name(f)}
    for file, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                graph.imported[file] |= {a.asname or a.name: a.name for a in node.names}
        for top in tree.body:
            if isinstance(top, _Function | ast.ClassDef):
                graph.nodes[top.name].append(_node(file, top.name, _created(file, top), passed_on))
            if isinstance(top, ast.ClassDef):
                for method in top.body:
                    if isinstance(method, _Function):
                        graph.nodes[f".{method.name}"].append(_node(file, method.name, method, passed_on))
        for top in tree.body:  # functions are called as methods of a module, too
            if isinstance(top, _Function):
                graph.nodes[f".{top.name}"].append(_node(file, top.name, top, passed_on))
    return graph


def _created(file: str, top: _Function | ast.ClassDef) -> ast.AST:
    """What naming `top` may run. The shop's classes are adapters: their methods run when they are called."""
    if isinstance(top, _Function) or file.startswith(ACTIONS):
        return top
    made = [m for m in top.body if isinstance(m, _Function) and m.name in ("__init__", "__post_init__")]
    return ast.Module(body=[*made], type_ignores=[])


def _by_name(function: _Function) -> bool:
    """Whether it refuses by a rule that it was given."""
    arguments = {a.arg for a in [*function.args.args, *function.args.kwonlyargs]}
    return any(isinstance(a, ast.Name) and a.id in arguments for a in _refused(function))


def _refused(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "Refused" and node.args:
            yield node.args[0]


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _node(file: str, name: str, tree: ast.AST, passed_on: set[str]) -> Node:
    found = Node(file, name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.names.add(node.id)
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                found.methods_called.add(node.func.attr)
            if _called(node) == "Refused" or _called(node) in passed_on:
                constants = [a for a in [*node.args, *(k.value for k in node.keywords)] if isinstance(a, ast.Constant)]
                found.rules |= {str(c.value) for c in constants if c.value in RULES} if file.startswith(SHOP) else set()
        elif isinstance(node, ast.Attribute):
            found.methods_called.add(node.attr)  # handed on as a function
    return found
