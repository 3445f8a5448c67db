"""Fitting the figures of `bot.knowledge.ranking` to entries: each way to ask is held out in turn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from bot.knowledge.entries import Entry
from bot.knowledge.index import Index, Ranked, VectorsOf, questions
from bot.knowledge.ranking import Trust, Weights, evidence
from bot.knowledge.words import ProductNames

_FOLDS = 4


@dataclass(frozen=True)
class Held:
    """A question asked of an index that does not hold it: its ranking, and where the right entry is in it or None."""

    ranked: Ranked
    right: int | None


def hold_out(entries: Sequence[Entry], vectors_of: VectorsOf, names: ProductNames, weights: Weights) -> list[Held]:
    """Every question of every entry that has several, asked while the entry's others are in the index."""
    found = []
    for fold in range(_FOLDS):
        index = Index.build([_without(entry, fold) for entry in entries], vectors_of, names, weights=weights)
        several = [(i, entry.questions) for i, entry in enumerate(entries) if len(entry.questions) > max(fold, 1)]
        found += ask(index, [(i, ways[fold]) for i, ways in several], vectors_of, names)
    return found


def _without(entry: Entry, fold: int) -> Entry:
    ways = entry.questions
    if len(ways) <= max(fold, 1):
        return entry
    first, *others = ways[:fold] + ways[fold + 1 :]
    return replace(entry, question=first, alike=tuple(others))


def ask(index: Index, asked: Sequence[tuple[int, str]], vectors_of: VectorsOf, names: ProductNames) -> list[Held]:
    """Pairs of (place of the right entry or -1, text) asked of `index`."""
    found = []
    for (right, _), question in zip(asked, questions([text for _, text in asked], vectors_of, names), strict=True):
        ranked = index.rank(question, limit=100)
        place = np.flatnonzero(ranked.places == right)
        found.append(Held(ranked, int(place[0]) if len(place) else None))
    return found


def fit_weights(held: Sequence[Held], penalty: float = 0.002) -> Weights:
    """Weights under which the right entry is likeliest (softmax over the candidates), none of them negative."""
    known = [(h.ranked.signs[:, :5], h.right) for h in held if h.right is not None]
    size = max(len(signs) for signs, _ in known)
    signs = np.zeros((len(known), size, 5))
    there = np.zeros((len(known), size), bool)
    for row, (one, _) in enumerate(known):
        signs[row, : len(one)], there[row, : len(one)] = one, True
    right = np.array([place for _, place in known])
    rows = np.arange(len(known))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        score = np.where(there, signs @ weights, -np.inf)
        score -= score.max(axis=1, keepdims=True)
        share = np.exp(score)
        share /= share.sum(axis=1, keepdims=True)
        gradient = -(signs[rows, right] - np.einsum("ij,ijk->ik", share, signs)).mean(axis=0)
        value = -np.log(share[rows, right] + 1e-12).mean() + penalty * weights @ weights
        return value, gradient + 2 * penalty * weights

    found = minimize(loss, np.full(5, 3.0), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 5).x
    return Weights(*(round(float(weight), 2) for weight in found))


def fit_trust(held: Sequence[Held], penalty: float = 0.0001) -> Trust:
    """Logistic regression without negative weights: is the first entry the right one?"""
    rows = [h for h in held if len(h.ranked.scores)]
    table = np.stack([evidence(h.ranked.signs, h.ranked.scores) for h in rows])
    right = np.array([h.right == 0 for h in rows], float)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        odds = table @ weights
        value = np.mean(np.logaddexp(0, odds) - right * odds) + penalty * weights[1:] @ weights[1:]
        gradient = table.T @ (1 / (1 + np.exp(-odds)) - right) / len(right)
        return value, gradient + 2 * penalty * np.array([0.0, *weights[1:]])

    count = table.shape[1]
    bounds = [(None, None), *[(0, None)] * (count - 1)]
    found = minimize(loss, np.array([-5.0, *[1.0] * (count - 1)]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Trust(*(round(float(v), 2) for v in found))
