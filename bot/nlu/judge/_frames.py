"""Template families: lines with the same frame that differ in one slot only."""

from collections import defaultdict
from collections.abc import Sequence

_SLOT = 6  # the most characters that a slot holds
_FRAME = 5  # the fewest that a frame has
_LEAST = 3  # fewer lines than this may share a frame


def frames(texts: Sequence[str]) -> list[tuple[str, list[int]]]:
    """(frame with … for the slot, rows) of each family in `texts`; a row stands in one family, the largest first."""
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row, text in enumerate(texts):
        # The frame must be the greater part of the line, or half the language would be one family.
        for width in range(1, min(_SLOT, len(text) - _FRAME, len(text) // 2) + 1):
            for start in range(len(text) - width + 1):
                found[text[:start], text[start + width :]].setdefault(text[start : start + width], row)
    result, taken = [], set[int]()
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), -sum(map(len, item[0])), item[0]))
    for (before, after), slots in ordered:
        rows = sorted(row for row in slots.values() if row not in taken)
        if len(rows) >= _LEAST:
            taken.update(rows)
            result.append((f"{before}…{after}", rows))
    return sorted(result, key=lambda family: (-len(family[1]), family[0]))
