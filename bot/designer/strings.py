"""Strings of Python sources as far as they are known without running them."""

import ast
import re
from dataclasses import dataclass

# Only what can be (the beginning of) a name matters; sentences and JSON do not.
_NAME = re.compile(r"[A-Za-z_][\w]*")


@dataclass(frozen=True)
class Scope:
    """Constants by name, and the attributes of the class that `self` is."""

    names: dict[str, str]
    attributes: dict[str, str]


def constants_of(tree: ast.Module | ast.ClassDef) -> dict[str, str]:
    """The string constants assigned on the first level: NAME = "text", also A, B = "a", "b"."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found |= _assigned(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            found |= _assigned(node.target, node.value)
    return found


def _assigned(target: ast.expr, value: ast.expr) -> dict[str, str]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return {k: v for t, e in zip(target.elts, value.elts, strict=True) for k, v in _assigned(t, e).items()}
    if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
        return {target.id: value.value}
    return {}


def template_of(node: ast.expr, scope: Scope) -> str | None:
    """A string expression with `{name}` for what is not known; None for other expressions and for texts."""
    template = _joined(node, scope)
    if template is None or re.fullmatch(r"\{\w*\}", template):
        return None
    return template if _NAME.fullmatch(re.sub(r"\{\w*\}", "x", template)) else None


def _joined(node: ast.expr, scope: Scope) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) and not set(node.value) & set("{}") else None
    if isinstance(node, ast.JoinedStr):
        parts = [_part(v.value if isinstance(v, ast.FormattedValue) else v, scope) for v in node.values]
        return "".join(parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _joined(node.left, scope), _joined(node.right, scope)
        if left is None and right is None:
            return None
        return _part(node.left, scope) + _part(node.right, scope)
    if isinstance(node, ast.Name):
        return scope.names.get(node.id)
    if isinstance(node, ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        return scope.attributes.get(node.attr) if own else scope.names.get(node.attr)
    return None


def _part(node: ast.expr, scope: Scope) -> str:
    known = _joined(node, scope)
    if known is not None:
        return known
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return f"{{{name}}}"
