"""The corpus by meaning: which lines are nearest to a message, and what they are labelled."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.nlu.judge.corpus import Line

Encode = Callable[[Sequence[str]], np.ndarray]
NEAREST = 10
_CHUNK = 512


@dataclass(frozen=True)
class Neighbours:
    """`votes` intent → share of the nearest lines, best first; `nearest` the highest cosine, -1 without lines."""

    votes: dict[str, float]
    nearest: float


def vectors(texts: Sequence[str], encode: Encode, cache: Path) -> np.ndarray:
    """Unit vectors (n, d) float32 of `texts`; those in `cache` (.npz) are not computed again.

    The cache keeps the vectors of these texts only, so that it does not grow for ever.
    """
    keys = [hashlib.sha256(text.encode("utf8", "replace")).hexdigest() for text in texts]
    known = _read(cache)
    missing = list({key: text for key, text in zip(keys, texts, strict=True) if key not in known}.items())
    for start in range(0, len(missing), _CHUNK):
        part = missing[start : start + _CHUNK]
        rows = np.asarray(encode([text for _, text in part]), np.float32)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        known.update(zip((key for key, _ in part), rows, strict=True))
    if missing:
        _write(cache, {key: known[key] for key in keys})
    return np.stack([known[key] for key in keys]).astype(np.float32) if texts else np.zeros((0, 0), np.float32)


def _read(cache: Path) -> dict[str, np.ndarray]:
    if not cache.is_file():
        return {}
    with np.load(cache) as stored:
        return dict(zip(stored["keys"].tolist(), stored["rows"], strict=True))


def _write(cache: Path, known: dict[str, np.ndarray]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    part = cache.with_suffix(".part.npz")
    np.savez(part, keys=np.array(list(known)), rows=np.stack(list(known.values())).astype(np.float16))
    part.replace(cache)


def neighbours(asked: np.ndarray, corpus: np.ndarray, lines: Sequence[Line]) -> list[Neighbours]:
    """For each row of `asked` (n, d) its neighbours among `corpus` (m, d), whose labels are those of `lines` (m)."""
    if not len(lines):
        return [Neighbours({}, -1.0) for _ in asked]
    # About the mean of all lines: an encoder's sentence vectors lie in a narrow cone.
    middle = corpus.mean(axis=0)
    base, own = _about(corpus, middle), _about(asked, middle)
    count = min(NEAREST, len(lines))
    found = []
    for start in range(0, len(own), _CHUNK):
        likeness = own[start : start + _CHUNK] @ base.T
        places = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        for row, near in zip(likeness, places, strict=True):
            votes: dict[str, float] = defaultdict(float)
            weights = np.maximum(row[near], 0) ** 4  # the nearest count most
            for place, weight in zip(near, weights / max(weights.sum(), 1e-9), strict=True):
                votes[lines[place].intent] += float(weight)
            ranked = dict(sorted(votes.items(), key=lambda vote: -vote[1]))
            found.append(Neighbours(ranked, float(row[near].max())))
    return found


def _about(rows: np.ndarray, middle: np.ndarray) -> np.ndarray:
    moved = rows - middle
    moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
    return np.asarray(moved, np.float32)
