"""What a check of the corpus finds, and how it is shown."""

from dataclasses import asdict, dataclass, field
from typing import Any

_SHOWN = 12  # findings of a kind on the terminal; the JSON has all


@dataclass(frozen=True)
class Finding:
    """One thing to mend.

    Attributes:
        kind: Chinese title of what is wrong.
        error: whether the build fails; otherwise a warning.
        message: what exactly, in Chinese.
        places: `file:line` with the text, where there are lines to look at.
    """

    kind: str
    error: bool
    message: str
    places: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """The corpus in figures, and the findings in the order of the checks."""

    lines: int
    intents: dict[str, int]
    emotions: dict[str, int]
    findings: list[Finding]

    @property
    def errors(self) -> list[Finding]:
        """The findings that fail the build."""
        return [finding for finding in self.findings if finding.error]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""

        def rows(error: bool) -> list[dict[str, Any]]:
            return [{k: v for k, v in asdict(f).items() if k != "error"} for f in self.findings if f.error == error]

        figures = {"lines": self.lines, "intents": self.intents, "emotions": self.emotions}
        return {**figures, "errors": rows(True), "warnings": rows(False)}

    def as_text(self, titles: dict[str, str]) -> str:
        """For a terminal; `titles` are the Chinese names of the intents and emotions."""
        emotions = "，".join(f"{titles.get(name, name)} {count}" for name, count in self.emotions.items())
        lines = [f"语料 {self.lines} 行，{len(self.intents)} 个意图；{emotions}", "", "每个意图的行数（少的在前）："]
        for name, count in sorted(self.intents.items(), key=lambda item: (item[1], item[0])):
            lines.append(f"  {count:>5}  {name} {titles.get(name, '')}".rstrip())
        kinds = dict.fromkeys((not finding.error, finding.kind) for finding in self.findings)
        for is_warning, kind in sorted(kinds, key=lambda k: k[0]):
            own = [f for f in self.findings if (not f.error, f.kind) == (is_warning, kind)]
            lines += ["", f"{'! 提醒' if is_warning else '✗ 错误'}：{kind}（{len(own)}）"]
            for finding in own[:_SHOWN]:
                lines += [f"  {finding.message}", *(f"      {place}" for place in finding.places)]
            if len(own) > _SHOWN:
                lines.append(f"  …… 另有 {len(own) - _SHOWN} 处，加 --json 看全部")
        errors = len(self.errors)
        lines += ["", f"{errors} 个错误，{len(self.findings) - errors} 个提醒" if self.findings else "✓ 没有发现问题"]
        return "\n".join(lines)
