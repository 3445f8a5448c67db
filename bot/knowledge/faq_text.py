"""The heat map of questions as text for the command line."""

from bot.knowledge.heat import HeatMap, Line

_ENTRIES = 15


def as_text(found: HeatMap) -> str:
    """What was asked, what to improve first, and what no entry answers."""
    if not found.asked:
        return f"最近 {found.days} 天没有人问过知识库。"
    parts = [
        f"最近 {found.days} 天问了 {found.asked} 次：直接答上 {_share(found.answered, found.asked)}，"
        f"列出相近问题 {_share(found.near, found.asked)}，没有答案 {_share(found.none, found.asked)}；"
        f"点“有用” {found.helpful} 次，点“没用” {found.unhelpful} 次",
        "\n问得最多：",
        *(
            f"  {line.asked:4d} 次  答上 {line.share_answered:4.0%}  {line.question}"
            for line in found.entries[:_ENTRIES]
        ),
        f"\n最该先改进的 {len(found.improve)} 条（{found.formula}）：",
        *(f"  {place:2d}. {line.score:6.1f} 分  {_why(line)}" for place, line in enumerate(found.improve, start=1)),
    ]
    if found.unanswered:
        parts.append("\n没有答案的问题，意思相同的放在一起：")
        for line in found.unanswered[:_ENTRIES]:
            others = [text for text in line.examples if text != line.question]
            more = f"（还有：{'；'.join(others)}）" if others else ""
            parts.append(f"  {line.asked:4d} 次  {line.question}{more}")
    return "\n".join(parts)


def _share(part: int, whole: int) -> str:
    return f"{part} 次（{part / whole:.0%}）"


def _why(line: Line) -> str:
    reasons = {
        "没有答案": line.none,
        "没用": line.unhelpful,
        "转人工": line.handed_over,
        "又问": line.repeated,
        "只有相近的": line.near,
    }
    told = "、".join(f"{name} {count}" for name, count in reasons.items() if count)
    return f"{line.question}（问 {line.asked} 次：{told}）"
