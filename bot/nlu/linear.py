"""A calibrated linear classifier over sentence vectors and character n-grams.

Scores are those of one-against-rest support vector machines; probabilities come from vector scaling
(softmax(a * score + b_class), Guo et al., "On Calibration of Modern Neural Networks", ICML 2017), fitted on the
scores that each line gets from a model that has not seen it.
"""

import json
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC


@dataclass(frozen=True)
class LinearOptions:
    """How to fit.

    Attributes:
        c: the inverse strength of regularisation.
        ngrams: shortest and longest character n-gram.
        min_df: in how many lines an n-gram must stand.
        dense_weight: weight of the standardised sentence vector (of length about 1) beside the n-grams' (of length 1).
        folds: how many parts the lines are cut into for calibration.
        balanced: whether rare classes count as much as frequent ones.
    """

    c: float = 0.3
    ngrams: tuple[int, int] = (1, 3)
    min_df: int = 2
    dense_weight: float = 1.0
    folds: int = 3
    balanced: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "LinearOptions":
        """The options among a component's settings, or as `save` wrote them; other settings are passed over."""
        known = {one.name: config[one.name] for one in fields(cls) if one.name in config}
        if "ngrams" in known:
            shortest, longest = known["ngrams"]
            known["ngrams"] = (int(shortest), int(longest))
        return cls(**known)


def normalise(text: str) -> str:
    """Full-width and compatibility forms as their plain ones, in lower case."""
    return unicodedata.normalize("NFKC", text).lower()


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
        self._ngrams = _vectorizer(o)
        try:
            self._ngrams.fit(texts)
        except ValueError:  # so few lines that no n-gram repeats
            self._ngrams.set_params(min_df=1).fit(texts)
        features = self._features(texts, vectors)
        self.classes, target = np.unique(np.asarray(labels), return_inverse=True)
        self.classes = [str(c) for c in self.classes]
        everything = np.arange(len(target))
        held_out = _held_out(target, o.folds, calibrate_on)
        # The last job is the model itself, from all lines; the others only serve calibration.
        jobs = [np.setdiff1d(everything, rows) for rows in held_out] + [everything]
        fitted = Parallel(n_jobs=2, prefer="threads")(
            delayed(_fit)(features[rows], target[rows], o.c, o.balanced) for rows in jobs
        )
        self._weights, self._bias = fitted[-1]
        self._slope, self._shift = 4.0, np.zeros(len(self.classes))
        if held_out:
            scores = [
                features[rows] @ weights + bias for rows, (weights, bias) in zip(held_out, fitted[:-1], strict=True)
            ]
            self._slope, self._shift = _calibrate(np.concatenate(scores), target[np.concatenate(held_out)])
        return self

    def probabilities(self, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        """(n, classes) probabilities in the order of `classes`."""
        scores = self._features(texts, vectors) @ self._weights + self._bias
        return softmax(self._slope * scores + self._shift, axis=1)

    def save(self, folder: Path) -> None:
        """Write the model into `folder` as arrays and JSON: nothing in it can run code when loaded."""
        vocabulary = {gram: int(column) for gram, column in self._ngrams.vocabulary_.items()}
        facts = {"options": asdict(self.options), "classes": self.classes, "vocabulary": vocabulary}
        (folder / "linear.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf8")
        arrays = {name: getattr(self, f"_{name}") for name in _ARRAYS}
        np.savez(folder / "linear.npz", idf=self._ngrams.idf_, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "CalibratedLinear":
        """The model that `save` wrote."""
        facts = json.loads((folder / "linear.json").read_text(encoding="utf8"))
        model = cls(LinearOptions.of(facts["options"]))
        model.classes = facts["classes"]
        with np.load(folder / "linear.npz") as arrays:
            for name in _ARRAYS:
                setattr(model, f"_{name}", arrays[name])
            model._ngrams = _vectorizer(model.options, facts["vocabulary"])
            model._ngrams.idf_ = arrays["idf"]
        return model

    def _features(self, texts: Sequence[str], vectors: np.ndarray) -> sparse.csr_matrix:
        dense = sparse.csr_matrix(((vectors - self._mean) * self._scale).astype(np.float32))
        return sparse.hstack([self._ngrams.transform(texts), dense], format="csr")


# More rounds change the third digit of the scores and no answer, but take three times as long.
_ROUNDS = 20
_ARRAYS = ("mean", "scale", "weights", "bias", "slope", "shift")


def _vectorizer(options: LinearOptions, vocabulary: dict[str, int] | None = None) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer="char",
        preprocessor=normalise,
        ngram_range=options.ngrams,
        sublinear_tf=True,
        min_df=options.min_df,
        vocabulary=vocabulary,
        dtype=np.float32,
    )


def _held_out(target: np.ndarray, folds: int, calibrate_on: np.ndarray | None) -> list[np.ndarray]:
    """The rows that are held out together, once each, to get scores from a model that has not seen them."""
    rows = np.arange(len(target))
    folds = min(folds, int(np.bincount(target).min()))
    if calibrate_on is not None:
        # Every model must see each class.
        chosen = np.flatnonzero(calibrate_on & np.isin(target, target[~calibrate_on]))
        if len(chosen) > target.max():
            rows, folds = chosen, max(folds, 2)
    parts = neighbour_parts(target[rows], folds)
    return [rows[parts == part] for part in np.unique(parts)] if folds > 1 else []


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


def _fit(features: sparse.csr_matrix, target: np.ndarray, c: float, balanced: bool) -> tuple[np.ndarray, np.ndarray]:
    machine = LinearSVC(C=c, class_weight="balanced" if balanced else None, max_iter=_ROUNDS, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = machine.fit(features, target)
    weights, bias = model.coef_, model.intercept_
    if len(weights) == 1:  # two classes share one machine
        weights, bias = np.vstack([-weights, weights]), np.concatenate([-bias, bias])
    return weights.T.astype(np.float32), bias.astype(np.float32)


def _calibrate(scores: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Slope and shifts that make softmax(slope * scores + shifts) most likely for `target`."""
    rows = np.arange(len(target))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope, shift = np.exp(parameters[0]), parameters[1:]
        logarithms = log_softmax(slope * scores + shift, axis=1)
        wrong = np.exp(logarithms)
        wrong[rows, target] -= 1
        gradient = np.concatenate([[slope * (wrong * scores).sum()], wrong.sum(axis=0)]) / len(target)
        penalty = 0.01 * np.concatenate([[0.0], shift])
        return -logarithms[rows, target].mean() + 0.5 * penalty @ parameters, gradient + penalty

    best = minimize(loss, np.concatenate([[1.0], np.zeros(scores.shape[1])]), jac=True, method="L-BFGS-B").x
    return float(np.exp(best[0])), best[1:]
