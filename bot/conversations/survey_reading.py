"""Answers to a survey as customers give them: a button, its number, or own words, with a remark behind them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_STARS = re.compile(
    r"(?:我?(?:给|打|选|评)(?:你们?|个)?)?\s*([1-5一二两三四五])\s*(?:(?:颗?星|分)(?![钟期钱])(?:好评)?|(?!\w|[.:/-]\d))"
)
_LABEL = re.compile(r"[1-9]\. ")  # before the titles of a numbered menu
_UNITLESS = re.compile(r"[\s,.!~;:、。]*")  # what may stand between an answer and the remark behind it
_VALUE = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5}
_BRACKETS = re.compile(r"[(（].*?[)）]")
_FOR_SOMEBODY = re.compile(r"[?？]|[吗呢]$|转人工|人工客服|[要找]人工")


def stars_in(text: str, options: Sequence[str]) -> tuple[int, str] | None:
    """(stars, remark) in `text`; `options` are the buttons' titles from one star to five."""
    found = option_in(text, options)
    if found is not None:
        return found[0] + 1, found[1]
    said = fold(text)
    match = _STARS.match(said)
    if match is None:
        return None
    return int(_VALUE.get(match[1], match[1])), _remark(said[match.end() :])


def solved_in(
    text: str, options: Sequence[str], solved: Iterable[str], unsolved: Iterable[str]
) -> tuple[bool, str] | None:
    """(whether it is solved, remark) in `text`; `options` are the titles of the buttons yes and no."""
    found = option_in(text, options)
    if found is not None:
        return found[0] == 0, found[1]
    said = fold(text)
    number = re.fullmatch(r"([12])[.!。]?", said)
    if number is not None:
        return number[1] == "1", ""
    for words, means in ((unsolved, False), (solved, True)):
        for word in words:
            rest = _after(said, fold(word))
            if rest is not None:
                return means, rest
    return None


def option_in(text: str, options: Sequence[str]) -> tuple[int, str] | None:
    """(place from 0, remark) of the option whose title, with or without its brackets, `text` begins with."""
    said = _LABEL.sub("", fold(text), count=1)
    titles = [(fold(form), place) for place, t in enumerate(options) for form in (t, _BRACKETS.sub("", t))]
    for title, place in sorted(titles, key=lambda each: -len(each[0])):
        rest = _after(said, title)
        if title and rest is not None:
            return place, rest
    return None


def is_remark(text: str) -> bool:
    """Whether words said when asked what was wrong are a remark, and no new question or call for a person."""
    return bool(fold(text)) and not text.startswith("/") and not _FOR_SOMEBODY.search(fold(text))


def fold(text: str) -> str:
    """`text` without differences of width, case and outer blanks."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def _after(said: str, title: str) -> str | None:
    if not said.startswith(title):
        return None
    rest = said[len(title) :]
    return None if rest and not _UNITLESS.match(rest)[0] else _remark(rest)  # type: ignore[index]  # it matches ""


def _remark(rest: str) -> str:
    return rest[_UNITLESS.match(rest).end() :].strip()  # type: ignore[union-attr]  # it matches ""
