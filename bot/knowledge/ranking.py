"""How well an entry fits a question, and how sure that is.

Five signs are weighed into the score that orders the entries: the question's likeness in meaning to all ways to ask
the entry (centre), to the nearest of them, and to its answer; how many of the question's words the entry has; whether
both name the same product. Three more say whether the best entry is right. The two of the aspect are centre and words
once more without the products' names, for 洗发水去屑吗 and 洗发水控油吗 are alike only by the product; way_words is how
many of the words of one way to ask the question has, for a long message may hold a short question. The probability
comes from a logistic regression over them and the lead over the second, with no negative weight: more likeness never
means less trust.

`python -m bot bench-knowledge --fit` prints these figures: the weights from the entries themselves (each way to ask,
held out in turn, asks an index without it), the trust from tests/knowledge/calibration.tsv.
"""

from dataclasses import astuple, dataclass

import numpy as np

SIGNS = ("centre", "nearest", "answer", "words", "product", "aspect_centre", "aspect_words", "way_words")
STRANGER = 6.0  # what the second best of a few hundred entries scores, mostly more


@dataclass(frozen=True)
class Weights:
    """Of the signs in a score."""

    centre: float = 6.1
    nearest: float = 4.28
    answer: float = 5.48
    words: float = 4.0
    product: float = 1.35


@dataclass(frozen=True)
class Trust:
    """Of the best entry's lead and signs in the log-odds that it is right."""

    bias: float = -5.4
    lead: float = 0.77
    aspect_centre: float = 6.12
    aspect_words: float = 1.94
    way_words: float = 2.56


WEIGHTS = Weights()
TRUST = Trust()


def scores(signs: np.ndarray, weights: Weights = WEIGHTS) -> np.ndarray:
    """(n,) from signs (n, 8) in the order of `SIGNS`."""
    return signs[:, :5] @ np.array(astuple(weights))


def evidence(signs: np.ndarray, found: np.ndarray) -> np.ndarray:
    """What the trust in the best of ranked entries rests on, in the order of `Trust`; the first is 1."""
    # Among few entries the second is far behind by chance; a stranger's score stands for those that are missing.
    lead = found[0] - max(found[1] if len(found) > 1 else STRANGER, STRANGER)
    return np.array([1.0, lead, *signs[0, 5:]])


def probability(signs: np.ndarray, found: np.ndarray, trust: Trust = TRUST) -> float:
    """That the first of the ranked entries (signs (n, 8), scores (n,) best first) answers the question."""
    return float(1 / (1 + np.exp(-(evidence(signs, found) @ np.array(astuple(trust))))))
