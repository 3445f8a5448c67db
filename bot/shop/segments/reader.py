"""data/segments.yml: segments by priority, the first that fits is the customer's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.settings import ROOT, SettingsError, get_settings, read_yaml
from bot.shop.segments.conditions import Condition, Standing, parse_conditions

PATH = ROOT / "data" / "segments.yml"
_KEYS = ("name", "title", "when")


@dataclass(frozen=True)
class Segment:
    """A group of customers: all of `conditions` hold, and those of no segment before it."""

    name: str
    title: str
    conditions: tuple[Condition, ...]

    def fits(self, standing: Standing) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds(standing) for condition in self.conditions)


def segment_of(standing: Standing, segments: Sequence[Segment]) -> Segment:
    """The first segment that fits; the reader sees to it that one always does."""
    return next(segment for segment in segments if segment.fits(standing))


def load_segments() -> tuple[Segment, ...]:
    """The shop's segments in their order, read once a process.

    Raises:
        SettingsError: naming the segment and the key that is wrong.
    """
    return _read(PATH, tuple(sorted(get_settings().operations.customers.limits.items())))


@lru_cache(maxsize=8)
def _read(path: Path, limits: tuple[tuple[str, float], ...]) -> tuple[Segment, ...]:
    return read_segments(read_yaml(path), dict(limits), path.name)


def read_segments(content: Any, limits: Mapping[str, float], file: str = "segments.yml") -> tuple[Segment, ...]:
    """The segments of the file's content.

    Raises:
        SettingsError: naming the segment and the key that is wrong.
    """
    listed = content.get("segments") if isinstance(content, dict) and set(content) == {"segments"} else None
    if not isinstance(listed, list) or not listed:
        raise SettingsError(f"{file} 应该只有一项 segments，下面是分群的列表")
    found: list[Segment] = []
    for place, written in enumerate(listed, 1):
        segment = _segment(written, f"{file} 第 {place} 个分群", limits, file)
        if segment.name in {earlier.name for earlier in found}:
            raise SettingsError(f"{file} 的分群 {segment.name} 出现了两次，请换一个 name")
        if not segment.conditions and place < len(listed):
            raise SettingsError(f"{file} 的分群 {segment.name} 的 when 是空的，后面的分群永远轮不到，请把它放到最后")
        found.append(segment)
    if found[-1].conditions:
        raise SettingsError(f"{file} 的最后一个分群 {found[-1].name} 的 when 应为空（{{}}），让其余的顾客都有归属")
    return tuple(found)


def _segment(written: Any, place: str, limits: Mapping[str, float], file: str) -> Segment:
    if not isinstance(written, dict):
        raise SettingsError(f"{place}应有 {'、'.join(_KEYS)} 三项")
    name = written.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
        raise SettingsError(f"{place}的 name 应为小写英文字母、数字和下划线，如 vip，不能是“{name}”")
    where = f"{file} 的分群 {name}"
    extra, missing = sorted(map(str, set(written) - set(_KEYS))), [key for key in _KEYS if key not in written]
    if extra:
        raise SettingsError(f"{where}：没有 {'、'.join(extra)} 这样的项，请检查拼写")
    if missing:
        raise SettingsError(f"{where}：缺少 {'、'.join(missing)}")
    title, when = written["title"], written["when"]
    if not isinstance(title, str) or not title.strip():
        raise SettingsError(f"{where} 的 title：应为中文名称")
    if not isinstance(when, dict):
        raise SettingsError(f"{where} 的 when：应为若干“指标: 条件”，没有条件写 {{}}")
    conditions: list[Condition] = []
    for measure, condition in when.items():
        try:
            conditions += parse_conditions(str(measure), condition, limits)
        except ValueError as error:
            raise SettingsError(f"{where} 的 {measure}：{error}") from None
    return Segment(name, title.strip(), tuple(conditions))
