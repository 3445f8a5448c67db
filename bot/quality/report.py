"""The daily report: figures, the worst conversations with quotes and suggestions, agents; as Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from bot import clock
from bot.quality import figures
from bot.quality.appeals import RuleAgreement, agreement_with_decisions
from bot.quality.figures import AgentFigure, Case, CriterionFigure, Finding
from bot.quality.reader import Rules
from bot.settings import Settings

BOT = "机器人"
_WEEK = 7
_SHOWN = 10


@dataclass(frozen=True)
class Report:
    """A day's figures; `before` is the mean score of the week before it.

    `unclear` counts the calls whose speakers are not told apart, `to_check` what was found in them.
    """

    shop: str
    day: date
    talks: int
    score: float | None
    before: float | None
    criteria: tuple[CriterionFigure, ...]
    worst: tuple[Case, ...]
    agents: tuple[AgentFigure, ...]
    agreement: tuple[RuleAgreement, ...]
    unclear: int
    to_check: tuple[Finding, ...]
    titles: Mapping[str, str]

    def title_of(self, criterion: str) -> str:
        """The Chinese title; one that is no longer in the rules keeps its name."""
        return self.titles.get(criterion, criterion)


def report_of(settings: Settings, rules: Rules, day: date) -> Report:
    """The report of a day that has been inspected."""
    url = settings.events_url
    talks, score = figures.overview(url, day, day)
    unclear, to_check = figures.unclear(url, day, day, _SHOWN)
    _, before = figures.overview(url, day - timedelta(days=_WEEK), day - timedelta(days=1))
    return Report(
        settings.operations.web.shop_name,
        day,
        talks,
        score,
        before,
        tuple(figures.criteria(url, day, day)),
        tuple(figures.worst(url, day, day, rules.numbers.top)),
        tuple(figures.agents(url, day, day)),
        tuple(agreement_with_decisions(url)),
        unclear,
        tuple(to_check),
        {name: one.title for name, one in rules.criteria.items()},
    )


def as_markdown(report: Report) -> str:
    """The report as Markdown."""
    lines = [f"# {report.shop} {report.day:%m月%d日}质检日报", ""]
    if not report.talks:
        return "\n".join([*lines, "这一天没有可以质检的对话。", *_unclear_lines(report)]).rstrip() + "\n"
    lines += [
        headline(report),
        "",
        "## 各项标准",
        "",
        "| 标准 | 适用 | 做到 | 没做到 | 做到率 |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(row)} |" for row in criterion_rows(report)]
    lines += ["", f"## 问题最大的 {len(report.worst)} 个对话", ""]
    for number, case in enumerate(report.worst, 1):
        lines += [f"### {number}. {case_title(case)}", ""]
        for one in case.findings:
            lines.append(f"- **{report.title_of(one.criterion)}**（−{one.points:g} 分）：“{one.quote}”")
            lines.append(f"  - 建议：{one.suggestion}")
        lines.append("")
    lines += ["## 客服", "", "| 客服 | 对话 | 平均分 | 问题 | 最该改进 |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in agent_rows(report)]
    if report.agreement:
        lines += ["", "## 规则与主管的判断", "", "| 标准 | 申诉已定 | 维持原判 | 一致率 |", "|---|---|---|---|"]
        lines += [
            f"| {report.title_of(one.criterion)} | {one.decided} | {one.upheld} | {one.rate:.0%} |"
            for one in report.agreement
        ]
    return "\n".join([*lines, *_unclear_lines(report)]).rstrip() + "\n"


def _unclear_lines(report: Report) -> list[str]:
    if not report.unclear:
        return []
    found = [f"- {line}" for line in to_check_rows(report)]
    return ["", "## 单声道电话", "", unclear_told(report), "", *found]


def unclear_told(report: Report) -> str:
    """What can be said of calls whose speakers are not told apart."""
    told = f"{len(report.to_check)} 处要人听一听" if report.to_check else "没有发现要人听的地方"
    return f"{report.unclear} 通电话是单声道，分不出谁说的：只查了用词和停顿，不打分，也不算到客服头上；{told}。"


def to_check_rows(report: Report) -> list[str]:
    """When, in which call, what somebody said."""
    return [
        f"{clock.local(one.said_at):%H:%M} {report.title_of(one.criterion)}，"
        f"有人说“{one.quote}”（{one.conversation_id}）"
        for one in report.to_check
    ]


def headline(report: Report) -> str:
    """The day in a sentence."""
    compared = f"，前 {_WEEK} 天平均 {report.before:.1f} 分" if report.before is not None else ""
    return f"质检对话 {report.talks} 个，平均 {report.score:.1f} 分{compared}。"


def criterion_rows(report: Report) -> list[tuple[str, ...]]:
    """Title, applied, met, missed, rate; the most often missed first."""
    ordered = sorted(report.criteria, key=lambda one: one.rate if one.rate is not None else 1.0)
    return [
        (
            report.title_of(one.criterion), str(one.passed + one.failed), str(one.passed), str(one.failed),
            f"{one.rate:.1%}" if one.rate is not None else "—",
        )
        for one in ordered
    ]  # fmt: skip


def agent_rows(report: Report) -> list[tuple[str, ...]]:
    """Name, conversations, mean score, problems, what to improve first; the lowest score first."""
    return [
        (
            one.agent or BOT, str(one.talks), f"{one.score:.1f}" if one.score is not None else "—", str(one.failed),
            report.title_of(one.weakest) if one.weakest else "—",
        )
        for one in report.agents
    ]  # fmt: skip


def case_title(case: Case) -> str:
    """When, by whom, how bad."""
    kind = "电话" if case.kind == "call" else "聊天"
    score = f"{case.score:g} 分" if case.score is not None else ""
    return f"{clock.local(case.started_at):%H:%M} {kind}，{case.agent or BOT}，{score}（{case.conversation_id}）"
