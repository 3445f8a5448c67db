"""The report for a terminal."""

from bot.nlu.judge._scores import BINS, Scores
from bot.nlu.taxonomy import Taxonomy


def percent(value: float | None) -> str:
    """A share as 93.1%, or a dash when it is not known."""
    return "—" if value is None else f"{100 * value:.1f}%"


def figures(scores: Scores, threshold: float) -> list[tuple[str, str]]:
    """(Chinese name, value) of each figure, in reading order."""

    def plain(value: float | None, digits: int) -> str:
        return "—" if value is None else f"{value:.{digits}f}"

    return [
        ("消息数", str(scores.n)),
        ("基础意图准确率", percent(scores.base_accuracy)),
        ("业务意图准确率", percent(scores.business_accuracy)),
        ("业务意图宏平均 F1", plain(scores.business_macro_f1, 3)),
        ("情感宏平均 F1", plain(scores.emotion_macro_f1, 3)),
        (f"把握 ≥ {threshold:g} 的消息占比", percent(scores.coverage)),
        (f"把握 ≥ {threshold:g} 时的准确率", percent(scores.precision)),
        (f"期望校准误差（ECE，{BINS} 个等宽区间）", plain(scores.ece, 3)),
        ("单条识别毫秒数，中位数", plain(scores.parse_ms_median, 1)),
        ("单条识别毫秒数，95 分位", plain(scores.parse_ms_p95, 1)),
    ]


def title(label: str, taxonomy: Taxonomy) -> str:
    """`催发货催配送 urge_delivery`, or the bare label when the taxonomy has no title."""
    return f"{taxonomy.titles[label]} {label}" if label in taxonomy.titles else label


def as_text(scores: Scores, taxonomy: Taxonomy, threshold: float) -> str:
    """The whole report."""
    lines = [f"{name}：{value}" for name, value in figures(scores, threshold)]
    if scores.confusions:
        lines += ["", "最常见的混淆（应为 → 识别成）："]
    for confusion in scores.confusions:
        pair = f"{title(confusion.expected, taxonomy)} → {title(confusion.predicted, taxonomy)}"
        lines.append(f"  {confusion.count} 次  {pair}")
        lines += [f"      · {example}" for example in confusion.examples]
    return "\n".join(lines)
