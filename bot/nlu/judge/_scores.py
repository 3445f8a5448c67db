"""The figures: labels against predictions."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from bot.nlu.judge._messages import LabelledMessage
from bot.nlu.judge._parsing import NOTHING, Prediction
from bot.nlu.taxonomy import Taxonomy

BINS = 10
_CONFUSIONS = 20
_EXAMPLES = 3


@dataclass(frozen=True)
class Confusion:
    """How often one intent was taken for another."""

    expected: str
    predicted: str
    count: int
    examples: list[str]


@dataclass(frozen=True)
class Bin:
    """One bar of the reliability curve: predictions whose confidence lies between `low` and `high`."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Scores:
    """The report; a figure is None when the file has no label, or the model no opinion, to compute it from.

    Attributes:
        n: messages in the file.
        base_accuracy, business_accuracy: over the messages whose business intent is known.
        business_macro_f1, emotion_macro_f1: mean F1 of the labels that occur in the file.
        coverage: share of those messages at or above the threshold.
        precision: business accuracy of the covered ones.
        ece: expected calibration error, see `reliability`.
        parse_ms_median, parse_ms_p95: milliseconds a message.
        confusions: the most frequent first.
    """

    n: int
    base_accuracy: float | None
    business_accuracy: float | None
    business_macro_f1: float | None
    emotion_macro_f1: float | None
    coverage: float | None
    precision: float | None
    ece: float | None
    parse_ms_median: float | None
    parse_ms_p95: float | None
    confusions: list[Confusion]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def reliability(confidences: Sequence[float], correct: Sequence[bool]) -> list[Bin]:
    """Ten equally wide bins over the confidence of the predicted class, empty ones left out."""
    confidence, right = np.asarray(confidences, float), np.asarray(correct, float)
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        Bin(i / BINS, (i + 1) / BINS, int(own.sum()), float(confidence[own].mean()), float(right[own].mean()))
        for i in range(BINS)
        if (own := place == i).any()
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance of confidence and accuracy over the bins, weighted by their counts."""
    return sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / sum(b.count for b in bins)


def macro_f1(expected: Sequence[str], predicted: Sequence[str]) -> float:
    """Mean F1 over the labels that occur in `expected`."""
    return float(f1_score(expected, predicted, labels=sorted(set(expected)), average="macro", zero_division=0))


def score(
    messages: Sequence[LabelledMessage], predictions: Sequence[Prediction], taxonomy: Taxonomy, threshold: float
) -> Scores:
    """The figures of `predictions` (one a message) at the confidence `threshold`."""
    labelled = [(m.text, m.business, p) for m, p in zip(messages, predictions, strict=True) if m.business]
    emotions = [(m.emotion, p.emotion or NOTHING) for m, p in zip(messages, predictions, strict=True) if m.emotion]
    times = [p.milliseconds for p in predictions if p.milliseconds is not None]
    expected, predicted = [b for _, b, _ in labelled], [p.business for *_, p in labelled]
    correct = [e == p for e, p in zip(expected, predicted, strict=True)]
    covered = [right for right, (*_, p) in zip(correct, labelled, strict=True) if p.confidence >= threshold]
    bases = [taxonomy.base_of[b] for b in expected]
    bins = reliability([p.confidence for *_, p in labelled], correct) if labelled else []
    opinions = any(name != NOTHING for _, name in emotions)
    return Scores(
        n=len(messages),
        base_accuracy=float(accuracy_score(bases, [p.base for *_, p in labelled])) if labelled else None,
        business_accuracy=float(np.mean(correct)) if labelled else None,
        business_macro_f1=macro_f1(expected, predicted) if labelled else None,
        emotion_macro_f1=macro_f1([e for e, _ in emotions], [p for _, p in emotions]) if opinions else None,
        coverage=len(covered) / len(labelled) if labelled else None,
        precision=float(np.mean(covered)) if covered else None,
        ece=expected_calibration_error(bins) if bins else None,
        parse_ms_median=float(np.median(times)) if times else None,
        parse_ms_p95=float(np.percentile(times, 95)) if times else None,
        confusions=_confusions(labelled),
    )


def _confusions(labelled: Sequence[tuple[str, str, Prediction]]) -> list[Confusion]:
    pairs: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    for text, business, prediction in labelled:
        if prediction.business != business:
            pairs[business, prediction.business].append((-prediction.confidence, text))
    # The surest mistakes are the most telling examples.
    rows = [
        Confusion(expected, predicted, len(found), [text for _, text in sorted(found)[:_EXAMPLES]])
        for (expected, predicted), found in pairs.items()
    ]
    return sorted(rows, key=lambda c: (-c.count, c.expected, c.predicted))[:_CONFUSIONS]
