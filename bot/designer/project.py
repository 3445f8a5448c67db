"""The designers' files of one project, read once with lines, whatever state they are in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

from bot.designer.code import Code, read_code
from bot.designer.findings import Finding
from bot.designer.syntax import explain, mistyped
from bot.designer.yaml_lines import Mapping, Sequence, Text, line_of, load
from bot.settings import endpoints_files

BlockKind = Literal["rule", "story", "test"]
# YAML that is no conversation but has to be readable all the same.
OTHER_FILES = ("config.yml", "credentials.yml")


@dataclass(frozen=True)
class Block:
    """A rule, a story or a conversation test."""

    kind: BlockKind
    name: str
    file: str
    line: int
    content: Mapping

    def steps(self) -> Iterator[tuple[int, Mapping]]:
        """Line and step of all steps, those of `or` taken apart; other things than mappings are left out."""
        yield from _steps(self.content.get("steps"))

    def conditions(self) -> Iterator[tuple[int, Mapping]]:
        """Line and condition."""
        yield from _steps(self.content.get("condition"))


def _steps(listed: Any) -> Iterator[tuple[int, Mapping]]:
    if not isinstance(listed, Sequence):
        return
    for line, step in zip(listed.lines, listed, strict=True):
        if isinstance(step, Mapping):
            if "or" in step:
                yield from _steps(step["or"])
            else:
                yield line, step


@dataclass
class Project:
    """A project in the folder `root`.

    Attributes:
        findings: what is wrong with the files themselves.
        broken: files that could not be read; checks of what is missing or unused make no sense then.
        contents: file → content, with lines.
    """

    root: Path
    findings: list[Finding] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    contents: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def code(self) -> Code:
        """The actions' sources."""
        code = read_code(self.root)
        self.findings += code.findings
        self.broken |= {f.file for f in code.findings}
        return code

    @property
    def domain(self) -> Mapping:
        """The content of domain.yml; empty when it cannot be read."""
        content = self.contents.get("domain.yml")
        return content if isinstance(content, Mapping) else Mapping()

    def section(self, name: str) -> Mapping:
        """A section of the domain as name → content, also where it is written as a list."""
        return named(self.domain.get(name))

    @cached_property
    def blocks(self) -> list[Block]:
        """All rules, stories and tests."""
        return [block for file, content in self.contents.items() for block in _blocks(file, content)]

    def of_kind(self, *kinds: BlockKind) -> list[Block]:
        """The blocks of some kinds."""
        return [block for block in self.blocks if block.kind in kinds]

    @cached_property
    def examples(self) -> list[tuple[str, Mapping]]:
        """File and item of every `nlu` list."""
        found = []
        for file, content in self.contents.items():
            listed = content.get("nlu") if isinstance(content, Mapping) and file.startswith("data/") else None
            found += [(file, item) for item in listed or [] if isinstance(item, Mapping)]
        return found


def named(section: Any) -> Mapping:
    """Name → content of a section that is a mapping, or a list of names and of mappings with one name."""
    if isinstance(section, Mapping):
        return section
    found = Mapping()
    if isinstance(section, Sequence):
        for item in section:
            if isinstance(item, Mapping):
                found.update(item)
            elif isinstance(item, Text):
                found[item] = None
    return found


def _blocks(file: str, content: Any) -> Iterator[Block]:
    if not isinstance(content, Mapping):
        return
    kinds: dict[str, BlockKind] = {"rules": "rule", "stories": "test" if file.startswith("tests/") else "story"}
    for section, kind in kinds.items():
        listed = content.get(section)
        for item in listed if isinstance(listed, Sequence) else []:
            if isinstance(item, Mapping):
                name = item.get("rule" if kind == "rule" else "story")
                yield Block(kind, str(name or ""), file, line_of(name, item.line), item)


def read_project(root: Path) -> Project:
    """Read every YAML file of the conversation below `root`; problems with the files are in its findings."""
    project = Project(root)
    for path in _files(root):
        file = path.relative_to(root).as_posix()
        try:
            text = path.read_text(encoding="utf8")
        except UnicodeDecodeError:
            project.broken.add(file)
            project.findings.append(Finding(file, 0, "error", "encoding", "不是 UTF-8 编码，请用 UTF-8 另存"))
            continue
        try:
            content, twice = load(text)
        except yaml.YAMLError as error:
            project.broken.add(file)
            project.findings += explain(file, text, error)
            continue
        project.contents[file] = content
        project.findings += mistyped(file, text)
        for key, line, first in twice:
            text_ = f"“{key}”在第 {first} 行已经写过，后写的会顶掉先写的，请改名或合并"
            project.findings.append(Finding(file, line, "error", "duplicate_key", text_))
    if not (root / "domain.yml").is_file():
        project.broken.add("domain.yml")
        project.findings.append(Finding("domain.yml", 0, "error", "missing_file", "缺少 domain.yml，请从版本库恢复它"))
    return project


def _files(root: Path) -> Iterator[Path]:
    for name in ("domain.yml", *OTHER_FILES):
        if (root / name).is_file():
            yield root / name
    yield from endpoints_files(root)
    for folder in ("data", "tests/stories"):
        yield from sorted(p for p in (root / folder).rglob("*") if p.suffix in (".yml", ".yaml") and p.is_file())
