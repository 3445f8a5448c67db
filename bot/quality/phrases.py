"""Phrases as managers write them, found in a message with their place; a negated one does not count.

"…" stands for a few characters of the same clause, "(马上|立刻)" for one of several, "^" and "$" for begin and end.
Case and the width of letters do not matter.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_GAP = r"[^，。！？!?；;,.\n]{0,12}?"
_CLAUSE_END = re.compile(r"[，。！？!?；;,.\n~～ ]")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Punctuation keeps its width: clauses end at it, and managers write it as customers do.
for _mark in "，。！？；：":
    _WIDE.pop(ord(_mark), None)


class PhraseError(ValueError):
    """A phrase cannot be read; says why in Chinese."""


@dataclass(frozen=True)
class Match:
    """Where a phrase stands in a text: [start, end)."""

    start: int
    end: int


def fold(text: str) -> str:
    """Letters and digits in half width and lower case; as long as before."""
    plain = text.translate(_WIDE)
    lower = plain.lower()
    return lower if len(lower) == len(plain) else plain


def pattern(phrase: str) -> str:
    """The regular expression of a phrase.

    Raises:
        PhraseError: it is empty or its brackets do not fit.
    """
    plain = fold(str(phrase)).strip().replace(".", r"\.").replace("…", _GAP)
    if not plain:
        raise PhraseError("词是空的")
    try:
        compiled = re.compile(plain)
    except re.error as error:
        raise PhraseError(f"“{phrase}”写得不对（{error}），括号要成对，多选写成 (马上|立刻)") from None
    if compiled.match(""):
        raise PhraseError(f"“{phrase}”什么都能对上，请写具体一些")
    return plain


class Phrases:
    """Several phrases as one; `unless` are phrases that undo a match of the same clause."""

    def __init__(self, phrases: Sequence[str], unless: Sequence[str] = ()) -> None:
        """
        Raises:
            PhraseError: naming the phrase that cannot be read.
        """
        self._regex = re.compile("|".join(f"(?:{pattern(one)})" for one in phrases)) if phrases else None
        self._unless = re.compile("|".join(f"(?:{pattern(one)})" for one in unless)) if unless else None

    def matches(self, plain: str) -> Iterator[Match]:
        """Each place of a phrase in a folded text that `unless` does not undo."""
        if self._regex is None:
            return
        undone = [_clauses(plain, *found.span()) for found in self._unless.finditer(plain)] if self._unless else []
        for found in self._regex.finditer(plain):
            start, end = found.span()
            if not any(a < end and start < b for a, b in undone):
                yield Match(start, end)

    def first(self, plain: str) -> Match | None:
        """The first place."""
        return next(self.matches(plain), None)

    def __contains__(self, plain: str) -> bool:
        return self.first(plain) is not None


def _clauses(plain: str, start: int, end: int) -> tuple[int, int]:
    """The whole clauses that [start, end) lies in."""
    before = [found.end() for found in _CLAUSE_END.finditer(plain, 0, start)]
    after = _CLAUSE_END.search(plain, end)
    return (before[-1] if before else 0), (after.start() if after else len(plain))


class Negation:
    """Words that turn what follows them in the same clause into its opposite."""

    def __init__(self, words: Sequence[str], harmless: Sequence[str]) -> None:
        """`harmless` are words that only look like one: 不好意思, 没问题."""
        self._words = re.compile("|".join(map(re.escape, map(fold, words)))) if words else None
        by_length = sorted(map(fold, harmless), key=len, reverse=True)
        self._harmless = re.compile("|".join(map(re.escape, by_length))) if harmless else None

    def covers(self, plain: str, match: Match, reach: int) -> bool:
        """Whether a negation stands in the clause before the match, at most `reach` characters away."""
        if self._words is None:
            return False
        if self._harmless is not None:
            plain = self._harmless.sub(lambda found: "_" * len(found[0]), plain)
        before = plain[max(0, match.start - reach) : match.start]
        return self._words.search(_CLAUSE_END.split(before)[-1]) is not None
