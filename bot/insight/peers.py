"""The TOP shops of the category beside this one: a feed of monthly figures, position and trend, gaps to close."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import delete, select

from bot.db import reading, writing
from bot.insight.tables import PeerRow
from bot.settings import ROOT

PEERS = ROOT / "data" / "insight" / "peers.csv"
COLUMNS = ("month", "shop", "conversion_percent", "response_seconds", "repurchase_percent")
# Figure → (title, whether more is better, what the improvement list proposes when this shop is behind).
MEASURES: dict[str, tuple[str, bool, str]] = {
    "conversion_percent": (
        "咨询转化率",
        True,
        "看转化率最低的售前意图，补充话术和推荐，做一次欢迎语或推荐的实验",
    ),
    "response_seconds": ("平均响应秒数", False, "看等待最长的时段和转人工原因，增加排班，或让机器人接住更多问题"),
    "repurchase_percent": ("复购率", True, "检查会员分层和老客专享优惠，看售后解决率最低的问题"),
}


class PeerError(ValueError):
    """A file of peers' figures is wrong; the message names every line."""


@dataclass(frozen=True)
class Standing:
    """This shop among its peers in one figure and month.

    `rank` counts from 1, the best, of `of` shops; `trend` is the change against the month before (None: unknown);
    `gap` what is missing to the median of the peers, 0 or less when none is.
    """

    measure: str
    title: str
    month: str
    own: float
    best: float
    median: float
    rank: int
    of: int
    trend: float | None
    gap: float


def read_peers(content: str) -> list[dict[str, str | float]]:
    """The rows of a CSV file with the columns month (2026-11), shop, and the three figures.

    Raises:
        PeerError: naming each wrong line.
    """
    reader = csv.DictReader(io.StringIO(content.removeprefix("\ufeff")))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
    if missing:
        raise PeerError(f"缺少列 {'、'.join(missing)}；第一行应为 {','.join(COLUMNS)}")
    rows: list[dict[str, str | float]] = []
    bad: list[str] = []
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(reader, start=2):
        try:
            rows.append(_row(row))
            key = (str(rows[-1]["month"]), str(rows[-1]["shop"]))
            if key in seen:
                raise ValueError(f"{key[0]} 的 {key[1]} 出现了两次")
            seen.add(key)
        except ValueError as error:
            bad.append(f"第 {line} 行：{error}")
    if bad:
        raise PeerError("；".join(bad[:20]))
    return rows


def _row(row: Mapping[str, str | None]) -> dict[str, str | float]:
    month, shop = (row["month"] or "").strip(), (row["shop"] or "").strip()
    try:
        date.fromisoformat(f"{month}-01")
    except ValueError:
        raise ValueError(f"月份“{month}”应写成 2026-11 这样") from None
    if not shop or len(shop) > 60:
        raise ValueError("店铺名应为 1 到 60 个字")
    values: dict[str, str | float] = {"month": month, "shop": shop}
    for name in MEASURES:
        text = (row[name] or "").strip()
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"{name}“{text}”不是数字") from None
        if not 0 <= number <= (100 if name.endswith("percent") else 86_400):
            raise ValueError(f"{name}“{text}”超出范围")
        values[name] = number
    return values


def import_peers(url: str, path: Path = PEERS) -> int:
    """Replace the months that the file has; how many rows. All or nothing.

    Raises:
        PeerError: the file is missing or wrong; nothing was changed.
    """
    try:
        content = path.read_text(encoding="utf8")
    except FileNotFoundError:
        raise PeerError(f"没有文件 {path}") from None
    except UnicodeDecodeError:
        raise PeerError(f"{path.name} 不是 UTF-8 编码，请另存为 UTF-8 的 CSV") from None
    try:
        rows = read_peers(content)
    except PeerError as error:
        raise PeerError(f"{path.name} {error}") from None
    with writing(url) as session:
        months = {str(row["month"]) for row in rows}
        session.execute(delete(PeerRow).where(PeerRow.month.in_(months)))
        session.add_all(PeerRow(**row) for row in rows)
    return len(rows)


def standings(url: str, own: Mapping[str, Mapping[str, float | None]]) -> list[Standing]:
    """Where this shop stands in the newest month that it and its peers have figures for.

    Args:
        url: the store with the peers' figures.
        own: month ("2026-11") → figure of `MEASURES` → value; None where there is none.
    """
    with reading(url) as session:
        rows = session.execute(select(PeerRow)).scalars().all()
    by_month: dict[str, list[PeerRow]] = {}
    for row in rows:
        by_month.setdefault(row.month, []).append(row)
    found = []
    for measure, (title, more, _advice) in MEASURES.items():
        months = sorted(m for m in by_month if own.get(m, {}).get(measure) is not None)
        if not months:
            continue
        month = months[-1]
        mine = float(own[month][measure] or 0)
        peers = [float(getattr(row, measure)) for row in by_month[month]]
        before = own.get(months[-2], {}).get(measure) if len(months) > 1 else None
        middle = _median(peers)
        better = sum(1 for value in peers if (value > mine if more else value < mine))
        found.append(
            Standing(
                measure,
                title,
                month,
                mine,
                max(peers) if more else min(peers),
                middle,
                better + 1,
                len(peers) + 1,
                None if before is None else round(mine - before, 4),
                round(middle - mine if more else mine - middle, 4),
            )
        )
    return found


def history(url: str) -> dict[str, dict[str, dict[str, float]]]:
    """Month → figure of `MEASURES` → {"median", "best"} of the peers."""
    with reading(url) as session:
        rows = session.execute(select(PeerRow).order_by(PeerRow.month)).scalars().all()
    found: dict[str, dict[str, dict[str, float]]] = {}
    for month in dict.fromkeys(row.month for row in rows):
        found[month] = {}
        for measure, (_title, more, _advice) in MEASURES.items():
            values = [float(getattr(row, measure)) for row in rows if row.month == month]
            found[month][measure] = {"median": _median(values), "best": max(values) if more else min(values)}
    return found


def gaps(found: Iterable[Standing]) -> list[tuple[str, str, int]]:
    """What to improve, worst first: (title, advice, priority 1-3 by the size of the gap against the median)."""
    behind = []
    for standing in found:
        if standing.gap > 0:
            share = standing.gap / standing.median if standing.median else 1.0
            priority = 1 if share > 0.3 else 2 if share > 0.1 else 3
            behind.append((share, f"{standing.title}落后同行中位数", MEASURES[standing.measure][2], priority))
    return [(title, advice, priority) for _share, title, advice, priority in sorted(behind, reverse=True)]


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
