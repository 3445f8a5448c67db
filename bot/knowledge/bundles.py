"""Vectors of several texts an entry.

All are about the mean of all texts, because an encoder's sentence vectors lie in a narrow cone.
"""

from dataclasses import dataclass

import numpy as np

from bot.knowledge.vectors import unit


@dataclass(frozen=True)
class Centres:
    """For each entry the unit mean (n, d) float16 of its texts, about `middle` (d,)."""

    centres: np.ndarray
    middle: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, starts: np.ndarray, background: np.ndarray) -> "Centres":
        """Of unit vectors (rows, d), those of entry i at rows starts[i]:starts[i + 1]."""
        about = middle(vectors, background)
        return cls(_centres(unit(vectors - about), starts), about.astype(np.float32))

    def about(self, vector: np.ndarray) -> np.ndarray:
        """A question's unit vector (d,) about the middle."""
        return unit((vector - self.middle)[None])[0].astype(np.float32)


@dataclass(frozen=True)
class Ways(Centres):
    """The texts' vectors beside their centres: `each` (rows, d) float16, those of entry i from starts[i] on."""

    each: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, starts: np.ndarray, background: np.ndarray) -> "Ways":
        """As `Centres.of`."""
        about = middle(vectors, background)
        each = unit(vectors - about)
        return cls(_centres(each, starts), about.astype(np.float32), each.astype(np.float16), starts)

    def nearest(self, places: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """The likeness of the nearest text of each of the entries at `places`."""
        if not len(places):
            return np.zeros(0)
        lengths = self.starts[places + 1] - self.starts[places]
        rows = np.concatenate([np.arange(self.starts[place], self.starts[place + 1]) for place in places])
        near = self.each[rows].astype(np.float32) @ asked
        return np.maximum.reduceat(near, np.cumsum([0, *lengths[:-1]]))


def middle(vectors: np.ndarray, background: np.ndarray) -> np.ndarray:
    """The mean (d,) of some vectors and those of things that are said everywhere."""
    return np.concatenate([vectors.reshape(-1, background.shape[1]), background]).mean(axis=0)


def _centres(each: np.ndarray, starts: np.ndarray) -> np.ndarray:
    if not len(each):
        return each.astype(np.float16)
    return unit(np.add.reduceat(each, starts[:-1], axis=0)).astype(np.float16)
