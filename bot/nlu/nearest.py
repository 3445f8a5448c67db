"""How near a text is to what each class has seen: the second opinion beside a linear model.

Sentence vectors of one encoder share most of their directions. Projected on their principal components, each divided by
the square root of its standard deviation, cosines tell lines apart; whole whitening gives noise too much weight.
"""

from dataclasses import dataclass

import numpy as np

_POWER = 0.5  # 0: plain cosine, 1: whitening
_CHUNK = 500


@dataclass(frozen=True)
class Nearest:
    """Lines of a corpus in a space of d components, those of a class side by side.

    Attributes:
        mean: (D,) of the vectors.
        projection: (D, d).
        lines: (n, d), each of length 1, sorted by class.
        starts: (classes + 1,) where each class begins, and n.
        count: how many of a class's lines are looked at, the nearest ones.
    """

    mean: np.ndarray
    projection: np.ndarray
    lines: np.ndarray
    starts: np.ndarray
    count: int

    @classmethod
    def learn(cls, vectors: np.ndarray, target: np.ndarray, count: int, dims: int) -> "Nearest":
        """Keep `vectors` (n, D) of the classes `target` (n,), numbers from 0, each with at least one line."""
        mean = vectors.mean(axis=0)
        centred = vectors - mean
        variances, axes = np.linalg.eigh((centred.T @ centred / len(vectors)).astype(np.float64))
        kept = np.argsort(-variances)[:dims]
        deviations = np.sqrt(np.maximum(variances[kept], 0.0)) + 1e-3
        projection = (axes[:, kept] / deviations**_POWER).astype(np.float32)
        space = cls(mean, projection, np.zeros((0, len(kept)), np.float32), np.zeros(1, int), count)
        return space.of(space._project(vectors), target)

    def of(self, lines: np.ndarray, target: np.ndarray) -> "Nearest":
        """The same space with `lines` (n, d) of the classes `target` (n,), each with at least one."""
        order = np.argsort(target, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=len(self.starts) - 1))])
        return Nearest(self.mean, self.projection, lines[order], starts, self.count)

    def without(self, rows: np.ndarray, vectors: np.ndarray, target: np.ndarray) -> "Nearest":
        """The same space with all of `vectors` (n, D) and `target` (n,) but `rows`."""
        kept = np.setdiff1d(np.arange(len(target)), rows)
        return self.of(self._project(vectors[kept]), target[kept])

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """(n, classes) mean cosine of each of `vectors` (n, D) with the nearest lines of each class."""
        found = np.empty((len(vectors), len(self.starts) - 1), np.float32)
        for first in range(0, len(vectors), _CHUNK):
            rows = slice(first, first + _CHUNK)
            cosines = self._project(vectors[rows]) @ self.lines.T
            for label, (start, end) in enumerate(zip(self.starts, self.starts[1:], strict=False)):
                own = cosines[:, start:end]
                if end - start > self.count:
                    own = np.partition(own, end - start - self.count, axis=1)[:, -self.count :]
                found[rows, label] = own.mean(axis=1)
        return found

    def _project(self, vectors: np.ndarray) -> np.ndarray:
        projected = (vectors - self.mean) @ self.projection
        lengths = np.linalg.norm(projected, axis=1, keepdims=True)
        return np.asarray(projected / np.maximum(lengths, 1e-9), np.float32)
