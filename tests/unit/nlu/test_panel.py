"""Several opinions as one: what it answers where they differ, and that it is the same after loading."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.nlu.linear import CalibratedLinear, LinearOptions
from bot.nlu.panel import Panel, View

TEXTS = ["同一句话"] * 80  # the words say nothing: only the vectors do
LABELS = ["a", "b"] * 40
OPTIONS = LinearOptions(ngrams=(1, 1))


def view(seed: int, clear: float) -> View:
    """Vectors that tell the two classes apart the better, the larger `clear`."""
    random = np.random.default_rng(seed)
    side = np.array([1.0 if label == "a" else -1.0 for label in LABELS])
    return View((side[:, None] * clear + random.normal(size=(80, 4))).astype(np.float32))


@pytest.fixture
def views() -> list[View]:
    return [view(1, 0.7), view(2, 0.4)]


def test_one_member_decides_alone(views: list[View]) -> None:
    panel = Panel.fit(OPTIONS, TEXTS, views[:1], LABELS)
    probabilities = panel.probabilities(TEXTS, views[:1])
    assert [panel.classes[k] for k in probabilities.argmax(axis=1)].count("a") == pytest.approx(40, abs=4)


def test_two_that_differ_are_less_sure_than_the_surer_one_and_two_that_agree_are_heard(views: list[View]) -> None:
    alone = [Panel.fit(OPTIONS, TEXTS, [one], LABELS).probabilities(TEXTS, [one]) for one in views]
    both = Panel.fit(OPTIONS, TEXTS, views, LABELS).probabilities(TEXTS, views)
    np.testing.assert_allclose(both.sum(axis=1), 1, rtol=1e-5)
    differ = alone[0].argmax(axis=1) != alone[1].argmax(axis=1)
    assert differ.any() and (~differ).any()
    surest = np.maximum(alone[0].max(axis=1), alone[1].max(axis=1))
    assert (both[differ].max(axis=1) < surest[differ]).all()
    assert (both[~differ].argmax(axis=1) == alone[0][~differ].argmax(axis=1)).all()
    # The geometric mean of two classes is the mean of their log-odds.
    unsure = surest < 0.9999
    odds = [np.log(one[unsure, 0] / one[unsure, 1]) for one in (*alone, both)]
    np.testing.assert_allclose(odds[2], (odds[0] + odds[1]) / 2, rtol=1e-3, atol=1e-3)


def test_is_the_same_after_saving_and_loading(views: list[View], tmp_path: Path) -> None:
    panel = Panel.fit(OPTIONS, TEXTS, views, LABELS)
    panel.save(tmp_path)
    loaded = Panel.load(tmp_path)
    assert loaded.classes == panel.classes
    np.testing.assert_allclose(loaded.probabilities(TEXTS, views), panel.probabilities(TEXTS, views), atol=1e-3)


def test_messages_of_another_number_of_encoders_are_refused(views: list[View]) -> None:
    panel = Panel.fit(OPTIONS, TEXTS, views, LABELS)
    with pytest.raises(ValueError):
        panel.probabilities(TEXTS, views[:1])


def test_a_message_said_again_is_remembered_and_another_is_not(
    views: list[View], monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = Panel.fit(OPTIONS, TEXTS, views, LABELS)
    one, other = ([View(view.vectors[row : row + 1]) for view in views] for row in (0, 1))
    together = panel.probabilities(TEXTS[:2], [View(view.vectors[:2]) for view in views])
    computed: list[str] = []
    original = CalibratedLinear.probabilities

    def counted(self: CalibratedLinear, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        computed.extend(texts)
        return original(self, texts, vectors)

    monkeypatch.setattr(CalibratedLinear, "probabilities", counted)
    first = panel.probabilities(TEXTS[:1], one)
    again = panel.probabilities(TEXTS[:1], [View(view.vectors.copy()) for view in one])
    assert len(computed) == len(views)
    assert (first == again).all()
    # The same words in another vector, and other words in the same one, are other messages.
    assert not np.allclose(panel.probabilities(TEXTS[:1], other), first)
    panel.probabilities(["别的话"], one)
    assert len(computed) == 3 * len(views)
    np.testing.assert_allclose(together[0], first[0], rtol=1e-4)
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1.0
