"""The agreement of rules and people as a table, and where they differ."""

from collections.abc import Sequence

from bot.quality.inspector import Inspector
from bot.quality.marked import Agreement, Marked, disagreements
from bot.quality.reader import Rules

AIM = 0.7
_SAID = {"pass": "做到", "fail": "没做到", "na": "不适用"}


def as_table(rules: Rules, found: Sequence[Agreement], number: int) -> str:
    """A line a criterion: kappa over the three verdicts, kappa over problem or none, hits, misses, false alarms."""
    lines = [f"对话 {number} 个，规则 {rules.hash}", ""]
    lines += ["| 标准 | 对话 | κ（三种结论） | κ（有没有问题） | 人和规则都说没做到 | 只有人说 | 只有规则说 |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for one in found:
        both, people = one.number("fail", "fail"), sum(one.number("fail", rules) for rules in ("pass", "na"))
        alone = sum(one.number(people, "fail") for people in ("pass", "na"))
        title = f"{rules.criteria[one.criterion].title} {one.criterion}"
        kappas = f"{_show(one.kappa)} | {_show(one.problem_kappa)}"
        lines.append(f"| {title} | {one.total} | {kappas} | {both} | {people} | {alone} |")
    below = [one.criterion for one in found if one.kappa is not None and one.kappa < AIM]
    lines += ["", f"低于 {AIM} 的：{'、'.join(below)}" if below else f"全部不低于 {AIM}"]
    return "\n".join(lines)


def differences_of(rules: Rules, inspector: Inspector, marked: Sequence[Marked]) -> str:
    """A line a difference."""
    return "\n".join(
        f"{talk} {rules.criteria[name].title}：人说{_SAID[people]}，规则说{_SAID[verdict]}　{quote}".rstrip()
        for talk, name, people, verdict, quote in disagreements(inspector, marked)
    )


def _show(kappa: float | None) -> str:
    return "—" if kappa is None else f"{kappa:.2f}"
