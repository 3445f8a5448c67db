"""data/scripts.yml: what may be offered to whom, in which situation, with which discount."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Extra, Field, ValidationError, root_validator

from bot.mistakes import in_chinese
from bot.settings import ROOT, SettingsError, read_yaml
from bot.shop.segments import load_segments

PATH = ROOT / "data" / "scripts.yml"
Situation = Literal["greeting", "resolved", "price_hesitation", "back_in_stock", "abandoned_order"]
# What an offer of each situation can be about; a script has a response for some of them.
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "greeting": ("successor", "newer", "thanks"),
    "resolved": ("successor", "newer", "thanks"),
    "price_hesitation": ("product",),
    "back_in_stock": ("wish",),
    "abandoned_order": ("order",),
}


class Discount(BaseModel):
    """A personal coupon: `percent` of the price is left (80: 八折), or `minus_yuan` off from `over_yuan`."""

    class Config:
        extra = Extra.forbid

    title: str = Field(min_length=1, max_length=40)
    percent: int | None = Field(default=None, ge=1, le=99)
    max_minus_yuan: int | None = Field(default=None, ge=1)
    minus_yuan: int | None = Field(default=None, ge=1)
    over_yuan: int = Field(default=0, ge=0)
    valid_days: int = Field(ge=1, le=365)

    @root_validator(skip_on_failure=True)
    def _one_kind(cls, values: dict[str, Any]) -> dict[str, Any]:
        if (values["percent"] is None) == (values["minus_yuan"] is None):
            raise ValueError("percent（付百分之几）和 minus_yuan（减几元）要写一个，而且只写一个")
        if values["percent"] is None and values["max_minus_yuan"] is not None:
            raise ValueError("max_minus_yuan（最多减几元）只和 percent 一起用")
        if values["minus_yuan"] is not None and 0 < values["over_yuan"] < values["minus_yuan"]:
            raise ValueError("over_yuan（满几元）不能小于 minus_yuan（减几元）")
        return values


class Script(BaseModel):
    """One thing that may be offered: `say` maps a subject of SUBJECTS to a response of domain.yml."""

    class Config:
        extra = Extra.forbid

    name: str = Field(regex=r"^[a-z][a-z0-9_]{0,59}$")
    situation: Situation
    segments: list[str] = Field(min_items=1)
    say: dict[str, str]
    discount: Discount | None = None
    every_days: int = Field(ge=1)

    @root_validator(skip_on_failure=True)
    def _fits_its_situation(cls, values: dict[str, Any]) -> dict[str, Any]:
        situation = values["situation"]
        subjects = SUBJECTS[situation]
        if not values["say"] or not set(values["say"]) <= set(subjects):
            raise ValueError(f"say 里只能写 {'、'.join(subjects)}，至少写一个")
        for response in values["say"].values():
            if not re.fullmatch(r"utter_offer_\w+", response):
                raise ValueError(f"say 里的 {response} 应为 domain.yml 里 utter_offer_ 开头的回复")
        if situation == "abandoned_order" and values["discount"]:
            raise ValueError("abandoned_order 不能写 discount：订单已经生成，不能再打折")
        if "thanks" in values["say"] and not values["discount"]:
            raise ValueError("say 里的 thanks 说的是优惠，要写 discount")
        return values


def load_scripts() -> tuple[Script, ...]:
    """The shop's scripts in their order, read once a process.

    Raises:
        SettingsError: naming the script and the key that is wrong.
    """
    return _read(PATH, tuple(segment.name for segment in load_segments()))


@lru_cache(maxsize=8)
def _read(path: Path, segments: tuple[str, ...]) -> tuple[Script, ...]:
    return read_scripts(read_yaml(path), segments, path.name)


def read_scripts(content: Any, segments: tuple[str, ...], file: str = "scripts.yml") -> tuple[Script, ...]:
    """The scripts of the file's content, for the segments there are.

    Raises:
        SettingsError: naming the script and the key that is wrong.
    """
    listed = content.get("scripts") if isinstance(content, dict) and set(content) == {"scripts"} else None
    if not isinstance(listed, list):
        raise SettingsError(f"{file} 应该只有一项 scripts，下面是话术的列表")
    found: list[Script] = []
    for place, written in enumerate(listed, 1):
        name = written.get("name") if isinstance(written, dict) else None
        where = f"{file} 的话术 {name}" if isinstance(name, str) else f"{file} 第 {place} 条话术"
        if not isinstance(written, dict):
            raise SettingsError(f"{where}应为若干“名称: 值”")
        try:
            script = Script(**written)
        except ValidationError as error:
            raise SettingsError("；".join(_explain(where, e) for e in error.errors())) from None
        unknown = [segment for segment in script.segments if segment not in segments]
        if unknown:
            raise SettingsError(f"{where} 的 segments：segments.yml 里没有 {'、'.join(unknown)}")
        if script.name in {earlier.name for earlier in found}:
            raise SettingsError(f"{where}出现了两次，请换一个 name")
        found.append(script)
    return tuple(found)


def _explain(where: str, error: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"] if part != "__root__")
    problem = in_chinese(
        error,
        value_error_str_regex="应为小写英文字母、数字和下划线，如 vip_greeting",
        type_error_list="应为列表，如 [vip]",
    )
    return f"{where}{f' 的 {key}' if key else ''}：{problem}"
