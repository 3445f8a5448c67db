"""Objects of a JSON file one by one, each with its line, so that a wrong one can be named as a row of a CSV file."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.shop.feed_text import read_text

_SPACE = re.compile(r"[ \t\r\n]*")


def read_objects(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """The objects of a JSON list with the line that each begins on, or the reason why there is none.

    Reading ends with the first reason: what follows a broken place cannot be trusted.
    """
    try:
        text = read_text(path)
    except ValueError as error:
        yield 1, str(error)
        return
    yield from _objects(text)


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    at = _skip(text, 0)
    if not text[at : at + 1]:
        yield 1, "文件是空的，应是一个列表：[{…}, {…}]"
        return
    if text[at] != "[":
        yield 1, f"不是 JSON 列表，开头是“{text[at : at + 20].strip()}”，应写成 [{{…}}, {{…}}]"
        return
    decoder = json.JSONDecoder(object_pairs_hook=_no_twins)
    at, line, counted = _skip(text, at + 1), 1, 0
    if text[at : at + 1] == "]":
        yield from _end(text, at)
        return
    while True:
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            where = text.count("\n", 0, error.pos) + 1
            yield line, f"从这里开始的一项不是正确的 JSON（第 {where} 行），文件可能不完整，或者少了引号、逗号"
            return
        except (ValueError, RecursionError) as error:
            yield line, str(error) if isinstance(error, ValueError) else "括号套得太深"
            return
        yield line, value if isinstance(value, dict) else "每一项应为 {…}，请检查括号"
        at = _skip(text, end)
        sign = text[at : at + 1]
        if sign == "]":
            yield from _end(text, at)
            return
        if sign != ",":
            yield text.count("\n", 0, at) + 1, "文件在这里断了，应有逗号或 ]，文件可能只传了一半"
            return
        at = _skip(text, at + 1)


def _end(text: str, at: int) -> Iterator[tuple[int, str]]:
    rest = _skip(text, at + 1)
    if rest < len(text):
        yield text.count("\n", 0, rest) + 1, "列表已经结束，后面不应再有内容"


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ValueError(f"{'、'.join(twins)} 写了两次，请只留一个")
    return dict(pairs)
