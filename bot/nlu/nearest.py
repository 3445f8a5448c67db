"""How near a text is to what each class has seen: the second opinion beside a linear model.

Sentence vectors of one encoder share most of their directions. Projected on their principal components, each divided by
the square root of its standard deviation, cosines tell lines apart; whole whitening gives noise too much weight.

To look at every line costs more than the encoder does. So a sample is looked at first, and all lines only of the
classes that are likely by it or by the other opinion (coarse to fine, as with an inverted file: Jégou, Douze and
Schmid, "Product Quantization for Nearest Neighbor Search", 2011).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_POWER = 0.5  # 0: plain cosine, 1: whitening
_CHUNK = 500
_NONE = np.float32(-2)  # less than any cosine
_EVERY = 16  # every so many of a class's lines are in the sample
_CLOSER = 3  # so many classes are looked at more closely, by the sample and by the other opinion


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

    def scores(self, vectors: np.ndarray, likely: np.ndarray) -> np.ndarray:
        """(n, classes) mean cosine of each of `vectors` (n, D) with the nearest lines of each class.

        Of classes that are unlikely by a sample of their lines and by `likely`, (n, classes) scores of another
        opinion, only the sample is looked at; all lines would be as much nearer as they are with the other classes.
        """
        projected = self._project(vectors)
        lines, lengths, places = self._sample
        found = np.empty((len(vectors), len(lengths)), np.float32)
        for first in range(0, len(vectors), _CHUNK):
            part = slice(first, first + _CHUNK)
            cosines = np.full((len(projected[part]), len(lengths) * lengths.max()), _NONE)
            cosines[:, places] = projected[part] @ lines.T
            nearest = self._nearest_of(cosines.reshape(-1, len(lengths), lengths.max()))
            found[part] = nearest.sum(axis=-1, where=nearest > _NONE) / np.minimum(self.count, lengths)
        closer = np.zeros(found.shape, bool)
        for opinion in (found, likely):
            chosen = np.argpartition(-opinion, min(_CLOSER, opinion.shape[1]) - 1, axis=1)[:, :_CLOSER]
            np.put_along_axis(closer, chosen, True, axis=1)
        whole = found.copy()
        for label in np.flatnonzero(closer.any(axis=0)):
            own = self.lines[self.starts[label] : self.starts[label + 1]]
            asked = np.flatnonzero(closer[:, label])
            for first in range(0, len(asked), _CHUNK):
                some = asked[first : first + _CHUNK]
                whole[some, label] = self._nearest_of(projected[some] @ own.T).mean(axis=-1)
        nearer = (whole - found).sum(axis=1, keepdims=True) / closer.sum(axis=1, keepdims=True)
        return np.where(closer, whole, found + nearer)

    @cached_property
    def _sample(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(k, d) lines that are looked at first, how many each class has, and their places in (classes, the most)."""
        rows = [np.arange(start, end) for start, end in zip(self.starts, self.starts[1:], strict=False)]
        rows = [own[:: _EVERY if len(own) >= _EVERY * self.count else 1] for own in rows]
        lengths = np.array(list(map(len, rows)))
        places = np.flatnonzero(np.arange(lengths.max()) < lengths[:, None])
        return self.lines[np.concatenate(rows)], lengths, places

    def _nearest_of(self, cosines: np.ndarray) -> np.ndarray:
        """(…, count) the largest of each row of (…, m), or all if there are fewer."""
        if cosines.shape[-1] <= self.count:
            return cosines
        return np.partition(cosines, -self.count, axis=-1)[..., -self.count :]

    def _project(self, vectors: np.ndarray) -> np.ndarray:
        projected = (vectors - self.mean) @ self.projection
        lengths = np.linalg.norm(projected, axis=1, keepdims=True)
        return np.asarray(projected / np.maximum(lengths, 1e-9), np.float32)
