"""What the heat map of questions proposes for the improvement list."""

from bot.knowledge import HeatMap
from bot.knowledge.heat import Line

URGENT, SOON = 5.0, 2.0  # scores from which a line is of the first and the second priority


def faq_improvements(found: HeatMap) -> list[tuple[str, str, int]]:
    """The worst answered questions as (title, note, priority)."""
    return [_proposed(line) for line in found.improve]


def _proposed(line: Line) -> tuple[str, str, int]:
    what = "改进知识" if line.entry_id else "补一条知识"
    told = f"问了 {line.asked} 次，答上 {line.answered} 次，没用 {line.unhelpful} 次，转人工 {line.handed_over} 次。"
    said = [text for text in line.examples if text != line.question]
    note = told + (f"顾客还这样问：{'；'.join(said)}" if said else "")
    priority = 1 if line.score >= URGENT else 2 if line.score >= SOON else 3
    return f"{what}：{line.question}"[:120], note, priority
