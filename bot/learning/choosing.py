"""Which messages are worth a person's time: shares for each reason, and nothing twice by meaning.

After the usual mix of active learning (Settles, Active Learning Literature Survey, 2009): uncertainty sampling,
disagreement of two models (here the classifier and the nearest labelled lines), density (groups of new messages), and
some by chance, so that what is measured on them holds for all.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.learning.heard import Heard
from bot.learning.neighbours import Neighbours

# Of what is drawn; the rest is drawn by chance.
SHARES = {"complaint": 0.15, "disagreed": 0.25, "new": 0.20, "uncertain": 0.30}
CHANCE = "chance"
_SAME = 0.97  # two messages at least this alike (cosine) are one to a labeller
_GROUP = 0.90  # … and these are about the same
_ODD_ONES = 0.2  # the part of all messages that is farthest from the corpus counts as new


@dataclass(frozen=True)
class Choice:
    """A drawn message, why, and its suggested intents, best first."""

    heard: Heard
    reason: str
    suggestions: tuple[str, ...]


def choose(
    heard: Sequence[Heard],
    rows: np.ndarray,
    near: Sequence[Neighbours],
    number: int,
    threshold: float,
    seed: str,
) -> list[Choice]:
    """`number` of `heard` (or all, if there are fewer); `rows` (n, d) are their unit vectors, `near` their neighbours.

    The same messages and seed give the same choice.
    """
    order = _orders(heard, rows, near, threshold, random.Random(seed))
    taken: list[int] = []
    reasons: dict[int, str] = {}
    for reason, places in order.items():
        want = len(taken) + round(SHARES.get(reason, 1.0) * number)
        for place in places:
            if len(taken) >= min(want, number):
                break
            if place not in reasons and not _seen(rows, place, taken):
                taken.append(place)
                reasons[place] = reason
    return [Choice(heard[place], reasons[place], suggest(heard[place], near[place])) for place in taken]


def suggest(heard: Heard, near: Neighbours) -> tuple[str, ...]:
    """Up to five intents: what the customer pressed, what the bot understood, what the nearest lines say."""
    understood = heard.intent if heard.intent != "nlu_fallback" else ""
    return tuple(dict.fromkeys(filter(None, (heard.chosen, understood, *near.votes))))[:5]


def _orders(
    heard: Sequence[Heard], rows: np.ndarray, near: Sequence[Neighbours], threshold: float, chance: random.Random
) -> dict[str, list[int]]:
    everything = list(range(len(heard)))
    chance.shuffle(everything)
    angry = [i for i in everything if heard[i].base == "complaint" or (heard[i].score or 3) <= 2]
    split = [i for i in everything if heard[i].chosen or next(iter(near[i].votes), "") != heard[i].intent]
    unsure = [i for i in everything if heard[i].confidence < threshold]
    limit = float(np.quantile([one.nearest for one in near], _ODD_ONES)) if near else 0.0
    odd = [i for i in everything if near[i].nearest <= limit]
    return {
        "complaint": sorted(angry, key=lambda i: heard[i].score or 3),
        "disagreed": sorted(split, key=lambda i: (not heard[i].chosen, -next(iter(near[i].votes.values()), 0.0))),
        "new": _by_group(rows, odd),
        "uncertain": sorted(unsure, key=lambda i: abs(heard[i].confidence - threshold / 2)),
        CHANCE: everything,
    }


def _by_group(rows: np.ndarray, places: Sequence[int]) -> list[int]:
    """One of each group, the largest groups first: what many ask and the corpus does not know."""
    groups: list[list[int]] = []
    for place in places:
        mine = next((g for g in groups if float(rows[g[0]] @ rows[place]) >= _GROUP), None)
        if mine is None:
            groups.append([place])
        else:
            mine.append(place)
    return [group[0] for group in sorted(groups, key=len, reverse=True)]


def _seen(rows: np.ndarray, place: int, taken: Sequence[int]) -> bool:
    return bool(taken) and float((rows[list(taken)] @ rows[place]).max()) >= _SAME
