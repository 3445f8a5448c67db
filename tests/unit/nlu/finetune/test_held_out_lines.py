"""Which lines tuning leaves out, and that one is no surer than they allow."""

import numpy as np
import pytest

from bot.nlu.encoder import line_hash
from bot.nlu.finetune._lines import hold_out
from bot.nlu.finetune._options import Options
from bot.nlu.linear import CalibratedLinear


def test_blocks_of_neighbours_in_every_intent_stay_unseen() -> None:
    intents = np.array([0] * 400 + [1] * 30 + [2] * 3)
    held = hold_out([f"第{k}句" for k in range(len(intents))], intents, 0.1)
    assert held[:400].sum() == 40 and held[400:430].sum() == 3 and not held[430:].any()
    starts = np.flatnonzero(np.diff(held[:400].astype(int)) == 1)
    assert len(starts) == 4 and np.diff(starts).min() > 50


def test_a_line_that_also_stands_elsewhere_is_seen() -> None:
    texts = [f"第{k}句" for k in range(100)]
    intents = np.zeros(100, int)
    row = int(np.flatnonzero(hold_out(texts, intents, 0.1))[0])
    texts[0] = texts[row] + "！"
    assert not hold_out(texts, intents, 0.1)[row]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("有货吗？", "有货吗", True), ("WIFI", "ｗｉｆｉ", True), ("！！", "？？", False), ("有货", "没货", False)],
)
def test_lines_are_known_by_what_they_say(one: str, other: str, same: bool) -> None:
    assert (line_hash(one) == line_hash(other)) is same


def test_rates_rise_and_fall_to_zero() -> None:
    scales = [Options().scale(step, 100) for step in range(100)]
    assert scales[0] == pytest.approx(0.1) and max(scales) == 1 and 0 < scales[-1] < 0.02
    assert scales.index(1) == int(np.argmax(scales)) == 9


def _tuned(lines: int, seen: float, seed: int) -> tuple[list[str], np.ndarray, list[str], np.ndarray]:
    """Lines as after tuning: vectors of seen ones show the class without fault, those of others only often."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, lines)
    unseen = random.random(lines) > seen
    shown = np.where(unseen & (random.random(lines) < 0.4), random.integers(0, 3, lines), truth)
    vectors = np.eye(3)[shown] + random.normal(scale=0.05, size=(lines, 3))
    return ["句"] * lines, vectors.astype(np.float32), [f"c{k}" for k in truth], unseen


def test_calibration_on_unseen_lines_is_honest_where_all_lines_are_not() -> None:
    texts, vectors, labels, unseen = _tuned(4000, seen=0.9, seed=1)
    new_texts, new_vectors, new_labels, _ = _tuned(2000, seen=0, seed=2)

    def gap(mask: np.ndarray | None) -> float:
        model = CalibratedLinear().fit(texts, vectors, labels, calibrate_on=mask)
        probabilities = model.probabilities(new_texts, new_vectors)
        best = [model.classes[k] for k in probabilities.argmax(axis=1)]
        right = np.mean([one == other for one, other in zip(best, new_labels, strict=True)])
        return float(probabilities.max(axis=1).mean() - right)

    assert gap(None) > 0.15
    assert abs(gap(unseen)) < 0.05


def test_too_few_unseen_lines_or_none_of_a_class_seen_do_no_harm() -> None:
    texts, vectors, labels, _ = _tuned(60, seen=0.5, seed=3)
    usual = CalibratedLinear().fit(texts, vectors, labels).probabilities(texts, vectors)
    few = np.arange(60) < 2
    model = CalibratedLinear().fit(texts, vectors, labels, calibrate_on=few)
    np.testing.assert_allclose(model.probabilities(texts, vectors), usual)
    whole_class = np.array([label == "c0" for label in labels]) | (np.arange(60) < 30)
    model = CalibratedLinear().fit(texts, vectors, labels, calibrate_on=whole_class)
    assert model.probabilities(texts, vectors).shape == (60, 3)
