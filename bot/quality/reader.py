"""data/quality.yml read and checked: mistakes are told in Chinese with their line."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from bot.designer.yaml_lines import line_of, load
from bot.mistakes import in_chinese
from bot.quality.rules import CHECKS, Criterion, Numbers
from bot.settings import ROOT, SettingsError

PATH = ROOT / "data" / "quality.yml"
# Grows when the code judges differently under the same rules, so that old results are judged anew.
_VERSION = 1


@dataclass(frozen=True)
class Rules:
    """The criteria by name in their order, the numbers beside them, and a hash of all that decides verdicts."""

    criteria: dict[str, Criterion]
    numbers: Numbers
    hash: str


def load_rules(path: Path = PATH) -> Rules:
    """The shop's rules.

    Raises:
        SettingsError: every mistake with its line.
    """
    try:
        text = path.read_text(encoding="utf8")
        content, twice = load(text)
    except FileNotFoundError:
        raise SettingsError(f"缺少文件 {path.name}，请从版本库恢复它") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name} 请保存为 UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" 第 {mark.line + 1} 行" if mark else ""
        raise SettingsError(f"{path.name}{place}不是正确的 YAML：括号、引号要成对，带 ? [ ] , 的词加引号") from None
    problems = [f"第 {line} 行：{key} 写了两次，前一次在第 {first} 行" for key, line, first in twice]
    if not isinstance(content, Mapping):
        raise SettingsError(f"{path.name} 应有 criteria，下面是各个标准")
    numbers, found = _numbers(content, problems), _criteria(content, problems)
    if problems:
        raise SettingsError(f"{path.name} 有误：\n  " + "\n  ".join(problems))
    told = {name: json.loads(one.json()) for name, one in found.items()}
    digest = hashlib.sha256(json.dumps([_VERSION, numbers.dict(), told], sort_keys=True).encode()).hexdigest()
    return Rules(found, numbers, digest[:16])


def _numbers(content: Mapping[str, Any], problems: list[str]) -> Numbers:
    others = {key: value for key, value in content.items() if key != "criteria"}
    try:
        return Numbers.parse_obj(_plain(others))
    except ValidationError as error:
        problems += _told(error, others, "", line_of(content))
        return Numbers()


def _criteria(content: Mapping[str, Any], problems: list[str]) -> dict[str, Criterion]:
    listed = content.get("criteria")
    if not isinstance(listed, Mapping) or not listed:
        problems.append("criteria 应为若干“名字: 标准”")
        return {}
    found = {}
    for name, written in listed.items():
        line = line_of(written, line_of(name, line_of(listed)))
        if not isinstance(written, Mapping):
            problems.append(f"第 {line} 行：{name} 应为若干“项: 值”")
            continue
        kind = CHECKS.get(str(written.get("check")))
        if not str(name).isidentifier() or len(str(name)) > 40:
            problems.append(f"第 {line} 行：标准的名字“{name}”应为英文字母、数字和下划线，最长 40 个")
        if kind is None:
            place = line_of(written.get("check"), line)
            problems.append(f"第 {place} 行：{name} 的 check 应为 {'、'.join(CHECKS)} 之一")
            continue
        try:
            found[str(name)] = kind.parse_obj(_plain(written))
        except ValidationError as error:
            problems += _told(error, written, f"{name} 的 ", line)
    return found


def _told(error: ValidationError, written: Any, prefix: str, line: int) -> list[str]:
    lines = []
    for one in error.errors():
        where = [part for part in one["loc"] if part != "__root__"]
        name = ".".join(map(str, where))
        lines.append(f"第 {_line(written, where, line)} 行：{prefix}{name}{'：' if name else ''}{_chinese(one)}")
    return lines


def _line(value: Any, where: Sequence[Any], line: int) -> int:
    """The line of what stands at a path, or of the nearest thing around it."""
    for part in where:
        if isinstance(value, Mapping):
            key = next((key for key in value if key == part), None)
            line = line_of(key, line)
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            line = getattr(value, "lines", (line,) * len(value))[part]
            value = value[part]
        else:
            break
    return line_of(value, line) if not isinstance(value, Mapping | list) else line


def _chinese(error: Mapping[str, Any]) -> str:
    return in_chinese(
        error,
        value_error_str_regex="应为 30m（分钟）、24h（小时）、3d（天）、today、tomorrow 或 said",
        type_error_list="应为列表，写在 [ ] 里",
        type_error_dict="应为若干“项: 值”",
        type_error_none_not_allowed="不能是空的",
    )


def _plain(value: Any) -> Any:
    """The content without lines, as pydantic wants it; numbers among phrases become text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [str(part) if isinstance(part, int | float) else _plain(part) for part in value]
    return str(value) if isinstance(value, str) else value


def describe(rules: Rules) -> list[dict[str, Any]]:
    """The criteria for pages."""
    keys = {"title", "weight", "veto", "check"}
    return [{"name": name, **_only(one, keys)} for name, one in rules.criteria.items()]


def _only(model: BaseModel, keys: set[str]) -> dict[str, Any]:
    return model.dict(include=keys)
