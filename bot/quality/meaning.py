"""How near question and reply are in meaning, computed in batches by the shared encoder."""

import logging
from collections.abc import Iterable

import numpy as np

from bot.knowledge.background import BACKGROUND
from bot.nlu.encoder import Encoder, EncoderError

logger = logging.getLogger(__name__)

_KEPT = 40_000  # vectors; 60 MB of float32
_PIECES = 48  # the gist of a question or reply stands in its first words


class Meaning:
    """Cosines of sentence vectors around the middle of what people say to shops, −1 to 1."""

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads
        self._encoder: Encoder | None = None
        self._middle: np.ndarray | None = None
        self._vectors: dict[str, np.ndarray] = {}

    def learn(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Encode all texts of `pairs` that are not known yet, in one go; what shops say again and again stays known."""
        wanted = dict.fromkeys(text for pair in pairs for text in pair)
        if len(self._vectors) + len(wanted) > _KEPT:
            self._vectors = {}
        texts = [text for text in wanted if text not in self._vectors]
        if not texts:
            return
        try:
            if self._encoder is None:
                self._encoder = Encoder.load(threads=self._threads, max_pieces=_PIECES, cache_size=0)
                self._middle = _unit(self._encoder.sentences(BACKGROUND)).mean(axis=0)
        except EncoderError as error:
            logger.warning("不能按意思比较问和答，只看用词：%s", error)
            return
        rows = _unit(_unit(self._encoder.sentences(texts)) - self._middle)
        self._vectors.update(zip(texts, rows, strict=True))

    def likeness(self, one: str, other: str) -> float:
        """The cosine of two texts; 0 without an encoder."""
        self.learn([(one, other)])
        if one not in self._vectors or other not in self._vectors:
            return 0.0
        return float(self._vectors[one] @ self._vectors[other])


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
