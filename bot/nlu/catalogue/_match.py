"""A found entity, text made comparable, and the choice between overlapping finds."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Match:
    """An entity at characters [start, end) of the text; `value` is normalised."""

    entity: str
    start: int
    end: int
    value: str | int


@dataclass(frozen=True)
class Folded:
    """A text in NFKC and lower case, with the place in the original for each of its characters."""

    text: str
    places: tuple[int, ...]
    original: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Original [start, end) for the folded [start, end)."""
        return self.places[start], self.places[end - 1] + 1


def fold(text: str, spaces: bool = True) -> Folded:
    """Fold full-width forms and case; without white space unless `spaces`."""
    chars: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for folded in unicodedata.normalize("NFKC", char).lower():
            if spaces or not folded.isspace():
                chars.append(folded)
                places.append(place)
    return Folded("".join(chars), tuple(places), text)


def resolve(matches: Iterable[Match]) -> list[Match]:
    """The longest of overlapping matches, in order of place; of several values for one span, all stay."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: (m.start - m.end, m.start)):
        same = [m for m in kept if (m.start, m.end) == (match.start, match.end)]
        if same:
            if match.entity == same[0].entity and match not in same:
                kept.append(match)
        elif not any(m.start < match.end and match.start < m.end for m in kept):
            kept.append(match)
    return sorted(kept, key=lambda m: m.start)
