"""YAML with the line of everything, read as Rasa reads it (YAML 1.2: `no` is a word, not a truth value)."""

import re
from typing import Any, TypeVar

import yaml

Twice = list[tuple[str, int, int]]  # key, its line, the line where it stood first


class Text(str):
    """A string that knows its line; of a block scalar (`|`), the line of its first content."""

    line: int = 0


class Mapping(dict[Any, Any]):
    """A mapping that knows its line."""

    line: int = 0


class Sequence(list[Any]):
    """A list that knows its line and those of its items."""

    line: int = 0
    lines: tuple[int, ...] = ()


_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOOL = "tag:yaml.org,2002:bool"
T = TypeVar("T", Text, Mapping, Sequence)


def _at(value: T, node: yaml.Node) -> T:
    value.line = node.start_mark.line + 1
    return value


def _build(base: Any) -> Any:
    class Loader(base):
        """Collects keys that stand twice in `twice`."""

        twice: Twice

    resolvers = {c: [r for r in rs if r[0] != _BOOL] for c, rs in base.yaml_implicit_resolvers.items()}
    Loader.yaml_implicit_resolvers = resolvers
    Loader.add_implicit_resolver(_BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
    Loader.add_constructor("tag:yaml.org,2002:str", _text)
    Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    Loader.add_constructor("tag:yaml.org,2002:seq", _sequence)
    return Loader


def _text(loader: Any, node: yaml.ScalarNode) -> Text:
    text = _at(Text(loader.construct_scalar(node)), node)
    if node.style in ("|", ">"):
        text.line += 1
    return text


def _mapping(loader: Any, node: yaml.MappingNode) -> Any:
    built = _at(Mapping(), node)
    yield built  # before its content: an anchor may point back to it
    seen: dict[Any, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if key.tag != "tag:yaml.org,2002:merge" and isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                loader.twice.append((key.value, line, seen[key.value]))
            seen.setdefault(key.value, line)
    loader.flatten_mapping(node)
    for key, value in node.value:
        name = loader.construct_object(key, deep=True)
        built[name if isinstance(name, Text | int | float | bool | None) else str(name)] = loader.construct_object(
            value, deep=True
        )


def _sequence(loader: Any, node: yaml.SequenceNode) -> Any:
    built = _at(Sequence(), node)
    yield built
    built.lines = tuple(child.start_mark.line + 1 for child in node.value)
    built.extend(loader.construct_object(child, deep=True) for child in node.value)


_Fast, _Telling = _build(_BASE), _build(yaml.SafeLoader)


def load(text: str) -> tuple[Any, Twice]:
    """The content of a YAML document, and its keys that stand twice in one mapping.

    Raises:
        yaml.YAMLError: with Python's own messages, which tell more than the C parser's.
    """
    try:
        return _load(text, _Fast)
    except yaml.YAMLError:
        return _load(text, _Telling)


def _load(text: str, loader_class: Any) -> tuple[Any, Twice]:
    loader = loader_class(text)
    loader.twice = []
    try:
        return loader.get_single_data(), loader.twice
    finally:
        loader.dispose()


def line_of(value: Any, otherwise: int = 0) -> int:
    """The line of a value, `otherwise` where it has none (numbers, null)."""
    return getattr(value, "line", 0) or otherwise
