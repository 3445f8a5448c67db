"""Lines that say nearly the same, by the distance of the encoder's vectors."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

Encode = Callable[[Sequence[str]], np.ndarray]

# Encoding all lines would take a minute. Pairs closer than 0.98 to the encoder share characters: of those pairs this
# keeps 95 %, and leaves two lines in five to encode.
_SHARED = 0.4
_BLOCK = 2000


class Pair(NamedTuple):
    """Two rows, `first` < `second`, and the cosine of their vectors."""

    cosine: float
    first: int
    second: int


def near_pairs(texts: Sequence[str], encode: Encode, least: float) -> list[Pair]:
    """Pairs of `texts` with a cosine of at least `least`, the nearest first.

    Args:
        texts: all different.
        encode: sentence vectors (n, d) of n texts.
        least: the smallest cosine that counts.
    """
    candidates = np.array(list(_candidates(texts)), int).reshape(-1, 2)
    if not len(candidates):
        return []
    rows, places = np.unique(candidates, return_inverse=True)
    vectors = encode([texts[row] for row in rows])
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    first, second = places.reshape(-1, 2).T
    cosines = np.einsum("nd,nd->n", vectors[first], vectors[second])
    found = [Pair(float(cosines[i]), *map(int, candidates[i])) for i in np.flatnonzero(cosines >= least)]
    return sorted(found, key=lambda pair: (-pair.cosine, pair.first, pair.second))


def _candidates(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of rows that share much of their rarer characters and pairs of characters."""
    if len(texts) < 2:
        return
    # What stands in one line of fifty joins nothing; leaving it out makes the products sparse.
    ngrams = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32, max_df=max(50, len(texts) // 50)
    )
    features = ngrams.fit_transform(texts).tocsr()
    columns = features.T.tocsr()
    for start in range(0, len(texts), _BLOCK):
        shared = (features[start : start + _BLOCK] @ columns).tocoo()
        keep = (shared.data > _SHARED) & (shared.row + start < shared.col)
        yield from zip(shared.row[keep] + start, shared.col[keep], strict=True)


def families(pairs: Sequence[Pair]) -> list[list[int]]:
    """Rows joined by `pairs`, directly or through others; the largest family first."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            parent[row] = row = parent[parent[row]]
        return row

    for pair in pairs:
        parent[root(pair.first)] = root(pair.second)
    groups: dict[int, list[int]] = {}
    for row in sorted(parent):
        groups.setdefault(root(row), []).append(row)
    return sorted(groups.values(), key=lambda rows: (-len(rows), rows))
