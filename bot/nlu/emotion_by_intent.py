"""What the business intent says about the emotion: a complaint is rarely calm, praise is pleased."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

_FILE = "emotion_by_intent.json"


class EmotionByIntent:
    """Joins the emotion read from the words with that of the intent.

    P(emotion | words, intent) is proportional to P(emotion | words) * P(emotion | intent) / P(emotion), if words and
    intent are independent given the emotion (naive Bayes).
    """

    def __init__(self, ratios: Mapping[str, Sequence[float]]) -> None:
        """`ratios`: intent -> P(emotion | intent) / P(emotion) for each class of emotion, in the classifier's order."""
        self._ratios = {intent: np.asarray(values, float) for intent, values in ratios.items()}

    @classmethod
    def count(cls, classes: Sequence[str], labels: Sequence[str], intents: Sequence[str]) -> "EmotionByIntent":
        """Count the training lines' `labels` (each one of `classes`) for each of their `intents`."""
        together = Counter(zip(intents, labels, strict=True))
        share = np.array([labels.count(name) for name in classes]) / len(labels)
        ratios = {}
        for intent in sorted(set(intents)):
            counts = np.array([together[intent, name] for name in classes], float)
            # As if one more line had the overall shares: an emotion never seen with an intent stays possible.
            ratios[intent] = list((counts + share) / (counts.sum() + 1) / share)
        return cls(ratios)

    def join(self, emotions: np.ndarray, intents: Mapping[str, float]) -> np.ndarray:
        """(classes,) probabilities of the emotions, from those that the words give and those of the intents."""
        known = {intent: p for intent, p in intents.items() if intent in self._ratios}
        rest = max(0.0, 1.0 - sum(known.values()))
        factor = sum((p * self._ratios[intent] for intent, p in known.items()), np.full(len(emotions), rest))
        joined = emotions * factor
        return joined / joined.sum()

    def save(self, folder: Path) -> None:
        """Write it into `folder`."""
        ratios = {intent: list(values) for intent, values in self._ratios.items()}
        (folder / _FILE).write_text(json.dumps(ratios), encoding="utf8")

    @classmethod
    def load(cls, folder: Path) -> "EmotionByIntent":
        """What `save` wrote."""
        return cls(json.loads((folder / _FILE).read_text(encoding="utf8")))
