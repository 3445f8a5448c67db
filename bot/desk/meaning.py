"""Texts by their meaning, and by their letters where that is enough."""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bot.knowledge import shared_encoder
from bot.knowledge.background import BACKGROUND


def vectors(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors (n, d) by the shared encoder, seen from the middle of what people say to shops.

    Raises:
        EncoderError: there is no encoder.
    """
    return _unit(_unit(shared_encoder().sentences(list(texts))) - _middle())


@lru_cache(maxsize=1)
def _middle() -> np.ndarray:
    # Every text is close to every other in an encoder's space; without their middle, likeness says something.
    mean: np.ndarray = _unit(shared_encoder().sentences(list(BACKGROUND))).mean(axis=0)
    return mean


def _unit(rows: np.ndarray) -> np.ndarray:
    unit: np.ndarray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit


def dice(one: str, other: str) -> float:
    """The share of common pairs of characters (Dice's coefficient), 0 to 1."""
    left, right = _pairs(one), _pairs(other)
    return 2 * len(left & right) / (len(left) + len(right)) if left and right else 0.0


def _pairs(text: str) -> set[str]:
    plain = re.sub(r"[\W_]", "", text.lower())
    return {plain[n : n + 2] for n in range(len(plain) - 1)}
