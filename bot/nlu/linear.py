"""A calibrated linear classifier over sentence vectors and character n-grams, with the nearest lines as second opinion.

Scores are those of one-against-rest support vector machines and how near the lines of each class are; probabilities
come from vector scaling (softmax(a * score + a' * nearness + b_class), Guo et al., "On Calibration of Modern Neural
Networks", ICML 2017), fitted on the scores of lines that were held out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse
from scipy.linalg.blas import sger
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from bot.nlu.nearest import Nearest
from bot.nlu.ngrams import CharNgrams


@dataclass(frozen=True)
class LinearOptions:
    """How to fit.

    Attributes:
        c: the inverse strength of regularisation.
        ngrams: shortest and longest character n-gram.
        min_df: in how many lines an n-gram must stand.
        dense_weight: weight of the standardised sentence vector (of length about 1) beside the n-grams' (of length 1).
        folds: how many parts the lines are cut into for calibration; the last is held out. Below 2 there is none.
        neighbours: how many of each class's nearest lines are asked for their opinion; 0 asks none.
        neighbour_dims: components of the sentence vectors in which lines are compared.
    """

    c: float = 0.6
    ngrams: tuple[int, int] = (1, 3)
    min_df: int = 2
    dense_weight: float = 1.0
    folds: int = 3
    neighbours: int = 0
    neighbour_dims: int = 192

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "LinearOptions":
        """The options among a component's settings, or as `save` wrote them; other settings are passed over."""
        known = {one.name: config[one.name] for one in fields(cls) if one.name in config}
        if "ngrams" in known:
            shortest, longest = known["ngrams"]
            known["ngrams"] = (int(shortest), int(longest))
        return cls(**known)


class CalibratedLinear:
    """Classes with probabilities that mean what they say, as far as the training lines tell."""

    def __init__(self, options: LinearOptions | None = None) -> None:
        self.options = options or LinearOptions()
        self.classes: list[str] = []

    def fit(
        self,
        texts: Sequence[str],
        vectors: np.ndarray,
        labels: Sequence[str],
        calibrate_on: np.ndarray | None = None,
    ) -> "CalibratedLinear":
        """Learn from `texts` (n), `vectors` (n, d) and `labels` (n, at least two different).

        `calibrate_on` (n, bool) are the lines whose vectors are like a customer's, because the encoder was not tuned
        on them: if there are at least as many as classes, only they tell how sure one may be. By default all do.
        """
        o = self.options
        self._mean = vectors.mean(axis=0)
        self._scale = o.dense_weight / ((vectors.std(axis=0) + 1e-6) * np.sqrt(vectors.shape[1]))
        self._ngrams, rows = CharNgrams.learn(texts, o.ngrams, o.min_df)
        dense = ((vectors - self._mean) * self._scale).astype(np.float32)
        self.classes, target = np.unique(np.asarray(labels), return_inverse=True)
        self.classes = [str(c) for c in self.classes]
        held_out = _held_out(target, o.folds, calibrate_on)
        # The first job is the model itself, from all lines; the other only serves calibration.
        jobs = [np.arange(len(target))] + ([np.delete(np.arange(len(target)), held_out)] if len(held_out) else [])
        # In processes, not threads: the fit holds the interpreter.
        fitted = Parallel(n_jobs=2 if len(target) > _MANY else 1, max_nbytes=None)(
            delayed(_fit)(rows[job], dense[job], target[job], o.c) for job in jobs
        )
        self._weights, self._bias = fitted[0]
        self._nearest = Nearest.learn(vectors, target, o.neighbours, o.neighbour_dims) if o.neighbours else None
        self._slopes, self._shift = np.array([4.0, 0.0]), np.zeros(len(self.classes))
        if len(held_out):
            weights, bias = fitted[1]
            grams = rows.shape[1]
            opinions = [rows[held_out] @ weights[:grams] + dense[held_out] @ weights[grams:] + bias]
            if self._nearest is not None:
                others = self._nearest.without(held_out, vectors, target)
                opinions.append(others.scores(vectors[held_out], opinions[0]))
            self._slopes, self._shift = _calibrate(opinions, target[held_out])
        return self

    def probabilities(self, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        """(n, classes) probabilities in the order of `classes`."""
        scores = ((vectors - self._mean) * self._scale).astype(np.float32) @ self._weights[len(self._ngrams.idf) :]
        scores += self._bias
        for text, row in zip(texts, scores, strict=True):
            columns, values = self._ngrams.row(text)
            row += values @ self._weights[columns]
        opinion = self._slopes[0] * scores
        if self._nearest is not None:
            opinion += self._slopes[1] * self._nearest.scores(vectors, scores)
        return softmax(opinion + self._shift, axis=1)

    def save(self, folder: Path) -> None:
        """Write the model into `folder` as arrays and JSON: nothing in it can run code when loaded."""
        facts = {"options": asdict(self.options), "classes": self.classes, "vocabulary": self._ngrams.columns}
        (folder / "linear.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf8")
        arrays = {name: getattr(self, f"_{name}") for name in _ARRAYS}
        if self._nearest is not None:
            kept = self._nearest
            arrays |= {"nearest_mean": kept.mean, "projection": kept.projection, "starts": kept.starts}
            # Half the size, and the same answers.
            arrays |= {"lines": kept.lines.astype(np.float16), "count": np.int64(kept.count)}
        np.savez(folder / "linear.npz", idf=self._ngrams.idf, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "CalibratedLinear":
        """The model that `save` wrote."""
        facts = json.loads((folder / "linear.json").read_text(encoding="utf8"))
        model = cls(LinearOptions.of(facts["options"]))
        model.classes = facts["classes"]
        model._nearest = None
        with np.load(folder / "linear.npz") as arrays:
            for name in _ARRAYS:
                if name in arrays:
                    setattr(model, f"_{name}", arrays[name])
            if "slope" in arrays:  # as models wrote it that had no second opinion; one may have to be rolled back to
                model._slopes = np.array([float(arrays["slope"])])
            model._ngrams = CharNgrams(model.options.ngrams, facts["vocabulary"], arrays["idf"])
            if model.options.neighbours:
                model._nearest = Nearest(
                    arrays["nearest_mean"],
                    arrays["projection"],
                    arrays["lines"].astype(np.float32),
                    arrays["starts"],
                    int(arrays["count"]),
                )
        return model


# More rounds take twice as long and know customers' messages no better (docs/nlu.md): to stop early also regularises.
_ROUNDS = 5
_STEPS = 20_000  # that few lines are gone through more often to take
_MANY = 5000  # lines from which on a second process is worth its start
_ARRAYS = ("mean", "scale", "weights", "bias", "slopes", "shift")


def _held_out(target: np.ndarray, folds: int, calibrate_on: np.ndarray | None) -> np.ndarray:
    """The rows that a second model does not see: the last part of each class, the newest lines of many hands."""
    rows = np.arange(len(target))
    folds = min(folds, int(np.bincount(target).min()))
    if calibrate_on is not None:
        # The model must see each class.
        chosen = np.flatnonzero(calibrate_on & np.isin(target, target[~calibrate_on]))
        if len(chosen) > target.max():
            rows, folds = chosen, 2
    return rows[neighbour_parts(target[rows], folds) == folds - 1] if folds > 1 else rows[:0]


def neighbour_parts(target: np.ndarray, count: int) -> np.ndarray:
    """The part (0 … count-1) of each line: neighbours in a class stay together.

    Lines that stand side by side were written together and resemble each other; scattered over the parts they would
    make the held-out lines look easier than a customer's.
    """
    parts = np.zeros(len(target), int)
    for label in np.unique(target):
        rows = np.flatnonzero(target == label)
        parts[rows] = np.arange(len(rows)) * max(count, 1) // len(rows)
    return parts


def _fit(grams: sparse.csr_matrix, dense: np.ndarray, target: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights (g + d, classes) and biases of one-against-rest support vector machines with squared hinge loss.

    Dual coordinate descent (Hsieh et al., "A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML 2008)
    as in liblinear, but a line is shown to the machines of all classes at once, its vector as a whole: half the time.
    `grams` is (n, g), `dense` (n, d), `target` (n,) numbers of classes.
    """
    lines, classes = len(target), int(target.max()) + 1
    of_grams = np.zeros((grams.shape[1], classes), np.float32)
    of_dense = np.zeros((dense.shape[1], classes), np.float32, order="F")  # as BLAS changes it in its place
    bias = np.zeros(classes, np.float32)
    alphas = np.zeros((lines, classes), np.float32)
    signs = np.where(np.arange(classes) == target[:, None], 1, -1).astype(np.float32)
    slack = np.float32(0.5 / c)
    squares = grams.multiply(grams).sum(axis=1).A1 + np.einsum("nd,nd->n", dense, dense) + 1  # 1 is the bias
    curvature = (squares + slack).astype(np.float32)
    columns = np.split(grams.indices, grams.indptr[1:-1])
    values = np.split(grams.data, grams.indptr[1:-1])
    random = np.random.default_rng(0)
    for _ in range(max(_ROUNDS, _STEPS // lines)):
        for line in random.permutation(lines):
            at, value, vector, sign, alpha = columns[line], values[line], dense[line], signs[line], alphas[line]
            known = of_grams.take(at, axis=0)
            step = sign * (vector @ of_dense + value @ known + bias)
            step += slack * alpha - 1
            step /= -curvature[line]
            np.maximum(step, -alpha, out=step)  # no alpha below 0
            alpha += step
            step *= sign
            bias += step
            of_grams[at] = known + value[:, None] * step
            sger(1, vector, step, a=of_dense, overwrite_a=True)
    return np.vstack([of_grams, of_dense]), bias


def _calibrate(opinions: Sequence[np.ndarray], target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and shifts that make softmax(sum of slope * opinion + shifts) most likely for `target`."""
    rows, count = np.arange(len(target)), len(opinions)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slopes, shift = np.exp(parameters[:count]), parameters[count:]
        scores = sum(slope * opinion for slope, opinion in zip(slopes, opinions, strict=True))
        logarithms = log_softmax(scores + shift, axis=1)
        wrong = np.exp(logarithms)
        wrong[rows, target] -= 1
        by_slope = [slope * (wrong * opinion).sum() for slope, opinion in zip(slopes, opinions, strict=True)]
        gradient = np.concatenate([by_slope, wrong.sum(axis=0)]) / len(target)
        penalty = 0.01 * np.concatenate([np.zeros(count), shift])
        return -logarithms[rows, target].mean() + 0.5 * penalty @ parameters, gradient + penalty

    start = np.concatenate([np.ones(count), np.zeros(opinions[0].shape[1])])
    best = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return np.exp(best[:count]), best[count:]
