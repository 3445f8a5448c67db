"""The nearest lines of each class, against cosines worked out one by one."""

import numpy as np
import pytest

from bot.nlu.linear import CalibratedLinear, LinearOptions
from bot.nlu.nearest import Nearest


def _lines(count: int = 60, dims: int = 6) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    target = random.integers(0, 3, count)
    target[:3] = [0, 1, 2]
    return (np.eye(dims)[target] + random.normal(scale=0.4, size=(count, dims))).astype(np.float32), target


@pytest.mark.parametrize(("count", "dims"), [(1, 6), (3, 6), (3, 2), (1000, 6), (3, 50)])
def test_each_score_is_the_mean_cosine_of_the_nearest(count: int, dims: int) -> None:
    vectors, target = _lines()
    nearest = Nearest.learn(vectors, target, count, dims)
    asked = np.random.default_rng(4).normal(size=(5, 6)).astype(np.float32)

    def place(vector: np.ndarray) -> np.ndarray:
        placed = (vector - nearest.mean) @ nearest.projection
        return np.asarray(placed / np.linalg.norm(placed))

    for vector, row in zip(asked, nearest.scores(asked, np.zeros((5, 3))), strict=True):
        for label in range(3):
            cosines = sorted((float(place(vector) @ place(line)) for line in vectors[target == label]), reverse=True)
            assert row[label] == pytest.approx(np.mean(cosines[:count]), abs=1e-4)


def test_all_lines_of_the_likely_classes_and_a_sample_of_the_others() -> None:
    """Forty classes of 41 lines, and questions that are like the last line of a class, which no sample holds."""
    random = np.random.default_rng(7)
    target = np.arange(40).repeat(41)
    vectors = (4 * np.eye(40)[target] + random.normal(size=(len(target), 40))).astype(np.float32)
    vectors[10::41] = random.normal(size=(40, 40))  # unlike its class
    nearest = Nearest.learn(vectors, target, 1, 40)
    asked = vectors[10::41]
    known = np.eye(40)  # the other opinion knows better
    assert np.diag(nearest.scores(asked, known)) == pytest.approx(1, abs=1e-5)
    unknown = np.eye(40)[::-1]
    alone = np.diag(nearest.scores(asked, unknown))
    assert (alone < 0.9).sum() > 20  # far from the sample of its class, and nobody thought of it
    assert nearest.scores(asked[:1], known[:1])[0] == pytest.approx(nearest.scores(asked, known)[0], abs=1e-5)


def test_a_class_with_fewer_lines_than_the_others_is_not_pushed_away() -> None:
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1]] + [[-1, 0]] * 60, np.float32)
    target = np.array([0, 0, 1] + [2] * 60)
    nearest = Nearest.learn(vectors, target, 3, 2)
    for label, own in enumerate(([0, 1], [2])):
        rows = nearest._project(vectors[own])
        asked = nearest._project(vectors[[0]])
        expected = (asked @ rows.T).mean()
        assert nearest.scores(vectors[[0]], np.zeros((1, 3)))[0, label] == pytest.approx(expected, abs=1e-5)


def test_directions_that_vary_more_count_less_than_they_would() -> None:
    random = np.random.default_rng(5)
    vectors = (random.normal(size=(5000, 2)) * [10, 1]).astype(np.float32)
    nearest = Nearest.learn(vectors, np.zeros(5000, int), 1, 2)
    spread = ((vectors - nearest.mean) @ nearest.projection).std(axis=0)
    assert max(spread) / min(spread) == pytest.approx(10**0.5, rel=0.02)


def test_lines_left_out_have_no_say() -> None:
    vectors, target = _lines()
    nearest = Nearest.learn(vectors, target, 1, 6)
    row = int(np.flatnonzero(target == 1)[-1])
    assert nearest.scores(vectors[[row]], np.zeros((1, 3)))[0, 1] == pytest.approx(1, abs=1e-5)
    without = nearest.without(np.array([row]), vectors, target)
    assert without.scores(vectors[[row]], np.zeros((1, 3)))[0, 1] < 0.999
    assert len(without.lines) == len(vectors) - 1


def test_a_line_that_only_its_neighbours_know_is_told_by_them() -> None:
    """Two classes in opposite corners each: no plane parts them, neighbours do."""
    random = np.random.default_rng(6)
    corners = np.array([[1, 1], [-1, -1], [1, -1], [-1, 1]]).repeat(60, axis=0)
    labels = np.array(["along", "along", "across", "across"]).repeat(60)
    vectors = corners + random.normal(scale=0.2, size=(240, 2))
    texts = ["一样的话"] * 240
    options = LinearOptions(neighbours=3)
    found = {}
    for name, chosen in {"alone": LinearOptions(), "asked": options}.items():
        model = CalibratedLinear(chosen).fit(texts, vectors.astype(np.float32), list(labels))
        best = model.probabilities(texts, vectors.astype(np.float32)).argmax(axis=1)
        found[name] = np.mean([model.classes[k] == label for k, label in zip(best, labels, strict=True)])
    assert found["asked"] > 0.95 > 0.8 > found["alone"]
