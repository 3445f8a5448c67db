"""What Rasa does over and over within a turn, done once: the results are the same, a turn takes fewer milliseconds.

Rasa has no settings for it, so that its methods are replaced, once for a process. What each piece saves stands in
docs/operations.md; each is tested against Rasa's own.
"""

from bot.runtime.lean import (
    calls,
    domains,
    events,
    garbage,
    graphs,
    mappings,
    notes,
    parsing,
    rules,
    slots,
    states,
    threads,
    trackers,
)

_PIECES = (
    calls,
    domains,
    events,
    garbage,
    graphs,
    mappings,
    notes,
    parsing,
    rules,
    slots,
    states,
    threads,
    trackers,
)


def make_lean() -> None:
    """From now on this process's Rasa is quicker; called before a model is loaded."""
    for piece in _PIECES:
        piece.quicken()


__all__ = ["make_lean"]
