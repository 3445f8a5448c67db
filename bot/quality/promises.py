"""The check on promises: what an agent said would happen, and whether it did in time."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from bot import clock
from bot.nlu.numerals import parse_number
from bot.quality.phrases import Match, Negation, Phrases
from bot.quality.rules import Kept, Promised, Promises
from bot.quality.talk import Line, Talk
from bot.quality.verdicts import NOT_APPLICABLE, Found, Trigger

_SAID = re.compile(r"([0-9]+|[一二两三四五六七八九十半]+)\s*个?\s*(分钟|小时|工作日|天)")
_UNITS = {
    "分钟": timedelta(minutes=1),
    "小时": timedelta(hours=1),
    "天": timedelta(days=1),
    "工作日": timedelta(days=1),
}
_QUESTION = re.compile(r"^[^，。！!；;]*(吗|么|呢|好不好)?[?？]")
_BY_HOUR = re.compile(r"(下午|晚上|今晚|中午)?([0-9]{1,2}|[一二两三四五六七八九十]{1,2})点(半)?钟?(之|以)?前")
_SOON, _BACK = timedelta(hours=1), timedelta(minutes=10)
_NEAR = 4
_SUBSTANCE = 5  # characters that more than a "好的" has


class PromisesCheck:
    """Fails at the first promise that was not kept when it was due."""

    def __init__(self, rule: Promises, negation: Negation) -> None:
        self._promises = [(one, one.compiled(rule.unless)) for one in rule.promises]
        self._kept = {about: (kept, Phrases(kept.says)) for about, kept in rule.kept.items()}
        self._negation = negation
        self._trigger = Trigger(rule.when)

    def judge(self, talk: Talk) -> Found:
        """The verdict on one conversation; `due` where a promise is still open."""
        if not self._trigger.holds(talk)[0]:
            return NOT_APPLICABLE
        kept: Found | None = None
        pending: datetime | None = None
        for place, line in enumerate(talk.lines):
            if line.side != "agent":
                continue
            for promise, match in self._made(line):
                due = _due(promise, line, match)
                if self._is_kept(promise.about, talk, place, match, due):
                    kept = kept or Found("pass", line, match)
                elif due > talk.until:
                    pending = max(pending or due, due)
                else:
                    told = {"due": f"{clock.local(due):%m月%d日 %H:%M}"}
                    return Found("fail", line, match, told, pending)
        if kept is not None:
            return Found("pass", kept.line, kept.match, due=pending)
        return Found("na", due=pending)

    def _made(self, line: Line) -> list[tuple[Promised, Match]]:
        """The promises of a message; of two at the same place the one that stands first in the rules."""
        found: list[tuple[Promised, Match]] = []
        for promise, phrases in self._promises:
            for match in phrases.matches(line.plain):
                taken = any(match.start < one.end and one.start < match.end for _p, one in found)
                asks = _QUESTION.match(line.plain[match.end :])
                if not taken and not asks and not self._negation.covers(line.plain, match, _NEAR):
                    found.append((promise, match))
        return found

    def _is_kept(self, about: str, talk: Talk, place: int, match: Match, due: datetime) -> bool:
        kept, says = self._kept[about]
        line = talk.lines[place]
        if any(fact.kind in kept.facts and line.at <= fact.at <= due for fact in talk.facts):
            return True
        if says.first(line.plain[match.end :]) is not None:  # promised and done in one breath
            return True
        later = list(takewhile(lambda one: one.at <= due, talk.lines[place + 1 :]))
        # Whoever promised it for later in the day has not done so by talking on.
        back = line.at + _BACK if due - line.at > _SOON else line.at
        return self._told(kept, says, later, back)

    def _told(self, kept: Kept, says: Phrases, later: Sequence[Line], back: datetime) -> bool:
        for line in later:
            if not line.serves:
                continue
            if line.plain in says:
                return True
            if kept.any_reply and line.at >= back and len(line.plain) >= _SUBSTANCE and not self._made(line):
                return True
        return False


def _due(promise: Promised, line: Line, match: Match) -> datetime:
    if promise.time is not None:
        return line.at + promise.time
    if promise.within == "said":
        found = _SAID.search(line.plain[match.start : match.end])
        number, unit = (found[1], found[2]) if found else ("30", "分钟")
        return line.at + _amount(number) * _UNITS[unit]
    day = clock.local(line.at) + timedelta(days=promise.within == "tomorrow")
    by_hour = _BY_HOUR.search(line.plain[match.start : match.end])
    hour = int(parse_number(by_hour[2]) or 24) if by_hour else 24
    if by_hour and hour < 24:
        hour += 12 if by_hour[1] and hour < 12 else 0
        due = clock.as_utc(day.replace(hour=hour, minute=30 if by_hour[3] else 0, second=0, microsecond=0))
        return due if due > line.at else due + timedelta(hours=12)  # 五点前 said at noon is five in the afternoon
    return clock.as_utc(day.replace(hour=23, minute=59, second=59))


def _amount(text: str) -> float:
    return 0.5 if text == "半" else float(parse_number(text) or 30)
