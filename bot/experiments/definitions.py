"""data/experiments.yml: what is tried, on whom, and how it is judged."""

import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Extra, Field, ValidationError, root_validator, validator

from bot.mistakes import in_chinese
from bot.settings import ROOT, SettingsError, read_yaml
from bot.shop.outreach.timing import TIMINGS
from bot.shop.presale.recommend import STRATEGIES

PATH = ROOT / "data" / "experiments.yml"
Place = Literal["welcome", "recommendation", "offer_timing"]


# What the places understand; a welcome is the name of a response, which `make check` looks up in domain.yml.
VALUES: dict[str, tuple[str, ...]] = {"recommendation": STRATEGIES, "offer_timing": tuple(TIMINGS)}
WELCOME = re.compile(r"utter_\w+")


class _Strict(BaseModel):
    class Config:
        extra = Extra.forbid
        frozen = True


class Variant(_Strict):
    """One way to do it: `value` is a response's name (welcome) or what the place understands; `weight` its share."""

    title: str = Field(min_length=1)
    value: str = Field(min_length=1)
    weight: float = Field(default=1, gt=0)


class Experiment(_Strict):
    """A test of variants at a place; the first variant is what the shop does without it.

    `lift_points` is how many percentage points of conversion a variant must gain, `satisfaction_margin` how many stars
    it may lose at most; `winner` a variant that everybody gets.
    """

    title: str = Field(min_length=1)
    place: Place
    status: Literal["draft", "running", "stopped"] = "draft"
    started_at: datetime | None = None
    minimum_hours: float = Field(default=72, ge=72)
    lift_points: float = Field(default=2, gt=0)
    satisfaction_margin: float = Field(default=0.2, gt=0)
    baseline_percent: float = Field(default=12, gt=0, lt=100)
    variants: dict[str, Variant]
    winner: str | None = None

    @validator("variants")
    def _at_least_two(cls, value: dict[str, Variant]) -> dict[str, Variant]:
        if len(value) < 2:
            raise ValueError("至少要有两个方案，第一个是现在的做法")
        return value

    @validator("started_at")
    def _has_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("时间要带时区，如 2026-11-25T10:00:00+08:00")
        return value

    @root_validator(skip_on_failure=True)
    def _consistent(cls, values: dict[str, Any]) -> dict[str, Any]:
        place = values["place"]
        for name, variant in values["variants"].items():
            if place in VALUES and variant.value not in VALUES[place]:
                raise ValueError(f"方案 {name} 的 value“{variant.value}”应为 {'、'.join(VALUES[place])} 之一")
            if place == "welcome" and not WELCOME.fullmatch(variant.value):
                raise ValueError(f"方案 {name} 的 value“{variant.value}”应为 domain.yml 里的回复，如 utter_greet")
        if values["winner"] is not None and values["winner"] not in values["variants"]:
            raise ValueError(f"winner 写的“{values['winner']}”不在 variants 里")
        if values["status"] == "running" and values["started_at"] is None:
            raise ValueError("status 是 running 时要写 started_at（开始时间）")
        return values

    @property
    def control(self) -> str:
        """The variant that the others are compared with."""
        return next(iter(self.variants))


def load_experiments(path: Path = PATH) -> dict[str, Experiment]:
    """Name → experiment, read again when the file changes, so that a winner goes live without a restart.

    Raises:
        SettingsError: naming experiment and key; two of one place run at once.
    """
    if not path.exists():
        return {}
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _load(path: Path, _changed: int) -> dict[str, Experiment]:
    return read_experiments(read_yaml(path) or {}, path.name)


def read_experiments(content: Any, file: str = "experiments.yml") -> dict[str, Experiment]:
    """The experiments of the file's content.

    Raises:
        SettingsError: naming experiment and key; two of one place run at once.
    """
    if not isinstance(content, dict):
        raise SettingsError(f"{file} 应为若干“名称: 实验”")
    found: dict[str, Experiment] = {}
    for name, written in content.items():
        try:
            found[str(name)] = Experiment.parse_obj(written)
        except ValidationError as error:
            problems = "；".join(f"{'.'.join(map(str, e['loc']))}：{_in_chinese(e)}" for e in error.errors())
            raise SettingsError(f"{file} 的 {name} 有误：{problems}") from None
    running = [(e.place, name) for name, e in found.items() if e.status == "running"]
    for place in {place for place, _ in running}:
        names = [name for its_place, name in running if its_place == place]
        if len(names) > 1:
            raise SettingsError(f"{file}：{'、'.join(names)} 同时在 {place} 上进行，请先停掉一个")
    return found


def _in_chinese(error: Any) -> str:
    return in_chinese(
        error,
        value_error_extra="没有这个设置项，请检查拼写",
        value_error_datetime="不是时间，请写成 2026-11-25T10:00:00+08:00 这样",
    )
