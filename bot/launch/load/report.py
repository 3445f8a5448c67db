"""What the load test found, as a table in Markdown."""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.launch.load.cpu import REST
from bot.launch.load.notes import CALLS, TITLES
from bot.launch.load.search import LIMIT, Figures
from bot.launch.problems import LaunchError
from bot.launch.timed import ACTION, CALL, TURN

BEGIN, END = "<!-- bench-load: begin -->", "<!-- bench-load: end -->"
_BUSY_MS = 2.0  # a process that computes less for a turn never is the one that needs another core
_NAMELESS = re.compile(r"^Rasa 模板：| \d+$")


@dataclass(frozen=True)
class Row:
    """One share of the highest rate.

    Attributes:
        share: of the highest rate.
        figures: of the step.
        cpu_ms: what each process computed for a turn.
        others: cores that programs outside of the test kept busy meanwhile.
        parts: milliseconds a turn by part (`bot.launch.load.notes`).
    """

    share: float
    figures: Figures
    cpu_ms: dict[str, float]
    others: float
    parts: dict[str, float]


@dataclass(frozen=True)
class Contender:
    """A bot and what it reached: turns a second, and the rows of the shares."""

    name: str
    best: float
    rows: tuple[Row, ...]


def table(found: Sequence[Contender], seconds: float, cores: int) -> str:
    """Rates, times, the ratios of the other contenders to the first, CPU by process, and where a turn's time goes."""
    lines = [
        f"{cores} 个核，所有部分都在这台机器上；按泊松到达的顾客说同样的剧本，每步至少 {seconds:.0f} 秒，"
        f"几个机器人轮流；最高速率是 95% 的一轮不超过 {1000 * LIMIT:.0f} 毫秒、失败不超过 1% 的最高一步。",
        "",
        "| 谁 | 速率（轮/秒） | 占最高 | 中位数（毫秒） | 95% | 99% | 轮数 | 失败 | 别的程序占的核 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in found:
        for row in one.rows:
            got = row.figures
            times = " | ".join(map(_ms, (got.p50_ms, got.p95_ms, got.p99_ms)))
            lines.append(
                f"| {one.name} | {got.rate:.1f} | {row.share:.0%} | {times} | {got.turns} | {got.failures}"
                f" | {row.others:.2f} |"
            )
        if not one.rows:
            lines.append(f"| {one.name} | 0 | — | — | — | — | — | — | — |")
    if len(found) > 1 and found[0].best:
        first, others = found[0], found[1:]
        told = [f"{one.name} {one.best:.1f} 轮/秒，是它的 **{one.best / first.best:.1f} 倍**" for one in others]
        lines += ["", f"最高速率：{first.name} {first.best:.1f} 轮/秒；{'；'.join(told)}。"]
    lines += ["", "一轮用的处理器时间（毫秒；排队不算在内，机器慢了它也变大），和由它折算的一个核每秒最多几轮：", ""]
    lines += [f"- {one.name}（{row.figures.rate:.1f} 轮/秒时）：{_cpu(row)}" for one in found for row in _typical(one)]
    timed = [(one, row) for one in found for row in _typical(one) if row.parts]
    for one, row in timed:
        at = f"{row.figures.rate:.1f} 轮/秒时"
        lines += ["", f"{one.name}一轮的时间花在哪里（平均毫秒，{at}，含等处理器）：", ""]
        lines += ["| " + " | ".join([*TITLES.values(), "合计"]) + " |", "|" + "---:|" * (len(TITLES) + 1)]
        cells = [f"{row.parts.get(part, 0.0):.1f}" for part in (*TITLES, TURN)]
        lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
        calls, call, own = (row.parts.get(part, 0.0) for part in (CALLS, CALL, ACTION))
        lines.append(f"一轮平均调用 {calls:.1f} 次动作，{call:.1f} 毫秒里动作自己用 {own:.1f}。")
    return "\n".join(lines)


def _typical(one: Contender) -> list[Row]:
    """The busiest row in which customers were answered in time, else the one at half of the highest rate."""
    good = [row for row in one.rows if row.figures.good]
    return (good or [row for row in one.rows if row.share == 0.5])[-1:]


def _cpu(row: Row) -> str:
    sums: dict[str, float] = {}
    for name, ms in row.cpu_ms.items():
        plain = _NAMELESS.sub("", name)
        sums[plain] = sums.get(plain, 0.0) + ms
    turns = {name: f"（{1000 / ms:.0f} 轮/秒）" if ms >= _BUSY_MS and name != REST else "" for name, ms in sums.items()}
    return "，".join(f"{name} {ms:.1f}{turns[name]}" for name, ms in sums.items())


def _ms(value: float) -> str:
    return "—" if math.isinf(value) or math.isnan(value) else f"{value:.0f}"


def write_table(page: Path, text: str) -> None:
    """Put `text` between the marks of the page, in place of what stands there.

    Raises:
        LaunchError: the page has no such marks.
    """
    content = page.read_text(encoding="utf8")
    head, begin, rest = content.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise LaunchError(f"{page.name} 里没有 {BEGIN} 和 {END}，表格没有写进去，请把这两行加在要放表格的地方")
    whole = f"{head}{BEGIN}\n{text}\n{END}{tail}"
    part = page.with_name(f".{page.name}.{os.getpid()}")
    part.write_text(whole, encoding="utf8")
    part.replace(page)
