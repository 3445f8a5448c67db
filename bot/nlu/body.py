"""A body's measures as customers write them: 一米六五, 165, 163/110斤, 65公斤, 一百三十斤, 脚长25.5, 42码的脚."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from bot.nlu.numerals import NUMBER, parse_number

Measure = Literal["height", "weight", "foot"]

# What a person can measure: anything else is no measure, but another number.
_LIMITS: dict[Measure, tuple[float, float]] = {"height": (45, 230), "weight": (2, 200), "foot": (70, 330)}
_ADULT_CM = (100, 230)
_GROWN_CM = 145  # from this height on nobody weighs less than …
_LIGHT_KG = (40, 75)  # … 75 斤, so that a bare number between these is meant as kilograms
_DIGIT = "零〇一二两三四五六七八九"
_N = rf"(?:\d+(?:\.\d+)?|[{_DIGIT}十百]+)"
_METRES = re.compile(
    rf"(?P<metres>[12一二两])\s*(?:米|m(?![a-z]))\s*(?P<part>\d{{1,2}}|[{_DIGIT}十]{{1,3}})?(?![\d.])"
    r"|(?P<decimal>[12]\.\d{1,2})\s*(?:米|m(?![a-z]))?(?![\d.])"
    rf"|(?P<cm>{_N})\s*(?:厘米|公分|cm)"
)
_HEAVY = re.compile(rf"(?P<number>{_N})\s*(?P<unit>公斤|千克|kg|市斤|斤)(?P<half>半)?")
_FOOT = re.compile(
    rf"(?:脚长?|足长|内长)[^\d{_DIGIT}十百]{{0,4}}(?P<number>{_N})\s*(?P<unit>毫米|mm|厘米|公分|cm)?"
    rf"|(?P<mm>{_N})\s*(?:毫米|mm)"
)
_NAMED = re.compile(
    rf"(?P<what>身高|个子|高|体重|重)[是有约大概:：\s]{{0,4}}(?P<number>{_N})(?![\d.]|\s*(?:米|m(?![a-z])))"
)
_BARE = re.compile(rf"(?<![\d.])\d+(?:\.\d+)?(?![\d.])|(?<![{_DIGIT}十百])[{_DIGIT}十百]+")
_KILO = {"公斤": 1.0, "千克": 1.0, "kg": 1.0, "斤": 0.5, "市斤": 0.5}


@dataclass(frozen=True)
class Body:
    """Height in cm, weight in kg, length of the foot in mm; None what was not said."""

    height_cm: float | None = None
    weight_kg: float | None = None
    foot_mm: float | None = None


def read_body(text: str, asked: Measure | None = None) -> Body:
    """The measures in `text`; a number that stands alone is what was `asked`, else what it can be (165 is a height).

    A weight that stands alone counts as 斤 like in everyday speech, unless it would be too light: 165, 55 is 55 kg.
    """
    rest = unicodedata.normalize("NFKC", text).lower()
    found: dict[Measure, float] = {}
    rest = _take(rest, _FOOT, "foot", found)
    rest = _take(rest, _HEAVY, "weight", found)
    rest = _take(rest, _METRES, "height", found)
    rest = _take_named(rest, found)
    for bare in _bare_numbers(rest):
        measure = _place(bare, asked, found)
        if measure:
            found[measure] = _as(measure, bare, found.get("height"))
    return Body(found.get("height"), found.get("weight"), found.get("foot"))


def _take(text: str, pattern: re.Pattern[str], measure: Measure, found: dict[Measure, float]) -> str:
    """Note the first sensible match and blank every match out of the text."""
    for match in pattern.finditer(text):
        value = _READERS[measure](match)
        if value is not None and measure not in found and _sensible(measure, value):
            found[measure] = value
    return pattern.sub(" ", text)


def _take_named(text: str, found: dict[Measure, float]) -> str:
    """身高128, 体重50: the word before it says what a number without a unit is."""
    for match in _NAMED.finditer(text):
        measure: Measure = "weight" if match["what"].endswith("重") else "height"
        number = _spelt(match["number"])
        if number is not None and measure not in found:
            value = _as(measure, number, found.get("height"))
            if _sensible(measure, value):
                found[measure] = value
    return _NAMED.sub(" ", text)


def _height(match: re.Match[str]) -> float | None:
    if match["cm"]:
        return _number(match["cm"])
    if match["decimal"]:
        return round(float(match["decimal"]) * 100, 1)
    metres, part = _number(match["metres"]) or 0.0, match["part"]
    if not part:
        return 100 * metres
    beyond = _spelt(part)
    if beyond is None:
        return None
    # 一米七 is 170 and 一米六五 165, but 一米零五 105.
    return 100 * metres + (10 * beyond if len(part) == 1 and beyond < 10 else beyond)


def _weight(match: re.Match[str]) -> float | None:
    number = _number(match["number"])
    if number is None:
        return None
    return (number + (0.5 if match["half"] else 0)) * _KILO[match["unit"]]


def _foot(match: re.Match[str]) -> float | None:
    number = _number(match["mm"] or match["number"])
    if number is None or match["mm"]:
        return number
    if match["unit"] in ("毫米", "mm"):
        return number
    return number * 10 if number < 50 else number


_READERS = {"height": _height, "weight": _weight, "foot": _foot}


def _bare_numbers(text: str) -> list[float]:
    numbers = [_spelt(match.group()) for match in _BARE.finditer(text)]
    return [number for number in numbers if number is not None]


def _place(number: float, asked: Measure | None, found: dict[Measure, float]) -> Measure | None:
    """Which measure a number without a unit is."""
    if asked and asked not in found:
        return asked if _sensible(asked, _as(asked, number, found.get("height"))) else None
    adult = _ADULT_CM[0] < number < _ADULT_CM[1]
    if "height" not in found and adult and number >= 140:
        return "height"
    if "height" in found and "weight" not in found and number >= _LIGHT_KG[0]:
        return "weight" if _sensible("weight", _as("weight", number, found["height"])) else None
    return None


def _as(measure: Measure, number: float, height_cm: float | None = None) -> float:
    if measure == "weight":
        grown = height_cm is None or height_cm >= _GROWN_CM
        return number if grown and _LIGHT_KG[0] <= number < _LIGHT_KG[1] else number / 2
    return number * 10 if measure == "foot" and number < 50 else number


def _sensible(measure: Measure, value: float) -> bool:
    low, high = _LIMITS[measure]
    return low <= value <= high


def _number(text: str) -> float | None:
    found = parse_number(text) if re.fullmatch(NUMBER, text) else None
    return float(found) if found is not None else _digits(text)


def _spelt(text: str) -> float | None:
    """A number, also one spelt digit by digit: 一六五, 六五."""
    digits = _digits(text)
    return digits if digits is not None else _number(text)


def _digits(text: str) -> float | None:
    if len(text) > 1 and all(char in _DIGIT for char in text):
        plain = text.replace("〇", "零").replace("两", "二")
        return float("".join(str("零一二三四五六七八九".index(char)) for char in plain))
    return None
