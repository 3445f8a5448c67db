"""Several encoders' opinions on the same messages as one."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.special import softmax

from bot.nlu import linear, nearest, ngrams
from bot.nlu.linear import CalibratedLinear, LinearOptions

_LEAST = 1e-9  # a probability of 0 would silence the other opinions
_REMEMBERED = 1024  # messages: many customers say the same, 好的 more often than anything


@dataclass(frozen=True)
class View:
    """How one encoder sees n texts.

    Attributes:
        vectors: (n, d).
        unseen: (n,) which texts the encoder was tuned without; None for one that was not tuned.
    """

    vectors: np.ndarray
    unseen: np.ndarray | None = None


def fingerprint() -> str:
    """Changes when the code of the classifier does: Rasa then trains it again instead of taking it from its cache."""
    modules = (sys.modules[__name__], linear, nearest, ngrams)
    return hashlib.sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in modules)).hexdigest()


class Panel:
    """One calibrated classifier for each encoder; their probabilities' geometric mean decides.

    A fine-tuned encoder errs on other messages than the one that it came from. Together they know more than either,
    and are sure only where neither doubts (docs/nlu.md; ensembles in the space of functions rather than of weights:
    Wortsman et al., Robust fine-tuning of zero-shot models, 2022).
    """

    def __init__(self, members: Sequence[CalibratedLinear]) -> None:
        """`members`, at least one, of the same classes."""
        self._members = list(members)
        self.classes = self._members[0].classes
        self._of_one = lru_cache(maxsize=_REMEMBERED)(self._of_message)

    @classmethod
    def fit(cls, options: LinearOptions, texts: Sequence[str], views: Sequence[View], labels: Sequence[str]) -> "Panel":
        """Learn from n `texts`, seen in each of `views`, and their `labels` (at least two different)."""
        return cls([CalibratedLinear(options).fit(texts, one.vectors, labels, one.unseen) for one in views])

    def probabilities(self, texts: Sequence[str], views: Sequence[View]) -> np.ndarray:
        """(n, classes) probabilities in the order of `classes`; `views` in the order of `fit`.

        Those of a single message are remembered, and cannot be written to.
        """
        vectors = [one.vectors for one in views]
        if len(texts) == 1:
            return self._of_one(texts[0], *(np.asarray(one, np.float32).tobytes() for one in vectors))
        return self._computed(texts, vectors)

    def _of_message(self, text: str, *vectors: bytes) -> np.ndarray:
        found = self._computed([text], [np.frombuffer(one, np.float32)[None, :] for one in vectors])
        found.flags.writeable = False
        return found

    def _computed(self, texts: Sequence[str], vectors: Sequence[np.ndarray]) -> np.ndarray:
        opinions = [m.probabilities(texts, one) for m, one in zip(self._members, vectors, strict=True)]
        if len(opinions) == 1:
            return opinions[0]
        return softmax(np.mean([np.log(np.maximum(one, _LEAST)) for one in opinions], axis=0), axis=1)

    def save(self, folder: Path) -> None:
        """Write the first classifier into `folder` and each further one into a folder there."""
        for place, member in enumerate(self._members):
            own = folder / str(place) if place else folder
            own.mkdir(exist_ok=True)
            member.save(own)

    @classmethod
    def load(cls, folder: Path) -> "Panel":
        """What `save` wrote."""
        further = sorted((one for one in folder.iterdir() if one.is_dir()), key=lambda one: int(one.name))
        return cls([CalibratedLinear.load(one) for one in (folder, *further)])
