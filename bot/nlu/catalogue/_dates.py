"""Days as customers name them, relative to the shop's today."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from bot.nlu.catalogue._match import Folded, Match
from bot.nlu.numerals import parse_number

_WORDS = {
    "大前天": -3, "前天": -2, "前日": -2, "昨天": -1, "昨日": -1, "昨晚": -1, "今天": 0, "今日": 0, "今晚": 0,
    "明天": 1, "明日": 1, "明早": 1, "明晚": 1, "后天": 2, "大后天": 3,
}  # fmt: skip
_FEASTS = {"双十一": (11, 11), "双11": (11, 11), "双十二": (12, 12), "双12": (12, 12)}
_N = r"\d{1,2}|[一二三四五六七八九十]{1,3}"
_PATTERN = re.compile(
    rf"(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
    rf"|(?P<feast>{'|'.join(_FEASTS)})"
    r"|(?<!\d)(?P<y1>20\d\d)[-/.年](?P<m1>\d{1,2})[-/.月](?P<d1>\d{1,2})(?!\d)[日号]?"
    rf"|(?<![\d一二三四五六七八九十个])(?P<m2>{_N})月(?P<d2>{_N})(?:[日号]|(?![\d一二三四五六七八九十]))"
    rf"|(?P<near>上个?月|下个?月|这个?月|本月)(?P<d3>{_N})[日号]"
    rf"|(?<![\d一二三四五六七八九十\w])(?P<d4>\d{{1,2}}|[一二三四五六七八九十]{{1,3}})号(?![楼店线码仓])"
    r"|(?P<turn>上上|下下|上|下|这|本)?个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天末1-7])(?!折)"
    rf"|(?<![\d一二三四五六七八九十])(?P<count>{_N}|两)天(?P<side>之?前|以?后|之后)"
)
_WEEKDAYS = {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6, "末": 5} | {str(i + 1): i for i in range(7)}
_TURNS = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}


def find_dates(folded: Folded, today: date) -> Iterator[Match]:
    """Dates with ISO values; an impossible day such as 2月30日 is none."""
    for found in _PATTERN.finditer(folded.text):
        try:
            day = _read(found, today)
        except (ValueError, OverflowError):
            continue
        if day:
            yield Match("date", *folded.span(*found.span()), day.isoformat())


def _read(found: re.Match[str], today: date) -> date | None:
    group = found.groupdict()
    if group["word"]:
        return today + timedelta(_WORDS[group["word"]])
    if group["feast"]:
        return _nearest_year(*_FEASTS[group["feast"]], today)
    if group["y1"]:
        return date(int(group["y1"]), int(group["m1"]), int(group["d1"]))
    if group["m2"]:
        return _nearest_year(_integer(group["m2"]), _integer(group["d2"]), today)
    if group["near"]:
        return _month(today, {"上": -1, "下": 1}.get(group["near"][0], 0)).replace(day=_integer(group["d3"]))
    if group["d4"]:
        return _nearest_month(_integer(group["d4"]), today)
    if group["day"]:
        return _weekday(group["turn"], _WEEKDAYS[group["day"]], today)
    days = _integer(group["count"])
    return today + timedelta(-days if "前" in group["side"] else days)


def _integer(text: str) -> int:
    number = parse_number(text)
    if number is None:
        raise ValueError(text)
    return int(number)


def _nearest_year(month: int, day: int, today: date) -> date:
    """The occurrence closest to today: in January, 12月20日 is last month's."""
    years = (today.year - 1, today.year, today.year + 1)
    return min((date(year, month, day) for year in years), key=lambda d: abs((d - today).days))


def _month(today: date, months: int) -> date:
    index = today.year * 12 + today.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _nearest_month(day: int, today: date) -> date:
    days = []
    for months in (-1, 0, 1):
        try:
            days.append(_month(today, months).replace(day=day))
        except ValueError:
            continue
    return min(days, key=lambda d: abs((d - today).days))


def _weekday(turn: str | None, weekday: int, today: date) -> date:
    monday = today - timedelta(today.weekday())
    if turn:
        return monday + timedelta(7 * _TURNS[turn] + weekday)
    return today + timedelta((weekday - today.weekday()) % 7)  # a bare 周五 is the next one
