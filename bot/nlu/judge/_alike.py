"""Intents that are too alike: a plain classifier that has not seen a line takes it for the other."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC


class Alike(NamedTuple):
    """The `share` of the lines of `intent` that are taken for `other`, and some of their rows."""

    intent: str
    other: str
    share: float
    rows: list[int]


def alike_intents(texts: Sequence[str], intents: Sequence[str], least: float, examples: int = 3) -> list[Alike]:
    """Pairs of intents of which at least the share `least` is confused, the worst first.

    Each half of the lines is judged by a linear model over character n-grams that was fitted to the other half.
    """
    target, even = np.asarray(intents), np.arange(len(intents)) % 2 == 0
    if any(len(set(target[half])) < 2 for half in (even, ~even)):
        return []
    features = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, dtype=np.float32)
    matrix = features.fit_transform(texts).tocsr()
    guessed = np.empty(len(target), dtype=target.dtype)
    for half in (even, ~even):
        guessed[~half] = LinearSVC(C=0.3, random_state=0).fit(matrix[half], target[half]).predict(matrix[~half])
    totals = Counter(intents)
    wrong = Counter((str(t), str(g)) for t, g in zip(target, guessed, strict=True) if t != g)
    pairs = [(intent, other, count / totals[intent]) for (intent, other), count in wrong.items()]
    return [
        Alike(i, o, share, [int(r) for r in np.flatnonzero((target == i) & (guessed == o))[:examples]])
        for i, o, share in sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))
        if share >= least
    ]
