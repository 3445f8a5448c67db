"""`python -m bot check`: everything that can be wrong with the designers' files, in one run."""

import json
from pathlib import Path

from bot.designer.checks import LOCAL, WHOLE
from bot.designer.checks.conflicts import check_conflicts
from bot.designer.findings import Finding
from bot.designer.project import Project, read_project


class CheckFailed(Exception):
    """There are errors; the message sums them up."""


def check_project(root: Path, *, conflicts: bool = True) -> list[Finding]:
    """All findings about the project in the folder `root`, by file and line.

    Args:
        root: where domain.yml lies, beside data/, actions/ and tests/stories/.
        conflicts: whether to compare rules and stories too, which takes Rasa some seconds to load.
    """
    project = read_project(root)
    findings = [finding for check in LOCAL for finding in check(project)]
    _ = project.code
    if not project.broken:
        findings += [finding for check in WHOLE for finding in check(project)]
        if conflicts:
            findings += _conflicts(project, findings)
    return sorted({*project.findings, *findings})


def _conflicts(project: Project, others: list[Finding]) -> list[Finding]:
    found = check_conflicts(project)
    # Names that do not exist make Rasa stumble; they are told already.
    stumbled = any(f.kind == "rasa" for f in found)
    if stumbled and any(f.level == "error" for f in [*others, *project.findings]):
        text = "改好上面的错误以后，才能检查规则和故事有没有冲突"
        return [Finding("data", 0, "hint", "no_conflict_check", text)]
    return found


def check(root: Path, *, conflicts: bool = True, as_json: bool = False) -> None:
    """Print what was found.

    Raises:
        CheckFailed: there are errors.
    """
    findings = check_project(root, conflicts=conflicts)
    errors = sum(f.level == "error" for f in findings)
    hints = len(findings) - errors
    if as_json:
        print(json.dumps([f.as_dict() for f in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            print(finding)
        if any(f.kind == "unreadable" for f in findings):
            print("有文件读不了，改好以后请再检查一次")
        if not errors:
            print(f"✓ 对话数据没有错误{f'，有 {hints} 条提示' if hints else ''}")
    if errors:
        raise CheckFailed(f"对话数据有 {errors} 处错误{f'、{hints} 条提示' if hints else ''}，见上")
