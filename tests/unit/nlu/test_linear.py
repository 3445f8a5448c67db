"""The calibrated linear classifier: what it learns, how sure it is, and that it is the same after loading."""

import json
from pathlib import Path

import numpy as np
import pytest

from bot.nlu import nearest
from bot.nlu.linear import CalibratedLinear, LinearOptions, neighbour_parts
from bot.nlu.panel import fingerprint

WORDS = {"ask_stock": "有货吗", "ask_refund": "退款到账", "ask_invoice": "开发票"}


def _corpus(noise: float, lines: int = 120) -> tuple[list[str], np.ndarray, list[str]]:
    """Lines of three classes with vectors around a centre each; `noise` of the labels are wrong."""
    random = np.random.default_rng(7)
    names = list(WORDS)
    truth = random.integers(0, 3, lines)
    texts = [f"{WORDS[names[k]]}{random.integers(1000)}" for k in truth]
    vectors = np.eye(3)[truth] @ random.normal(size=(3, 8)) + random.normal(scale=0.3, size=(lines, 8))
    wrong = random.random(lines) < noise
    labels = np.where(wrong, random.integers(0, 3, lines), truth)
    return texts, vectors.astype(np.float32), [names[k] for k in labels]


def test_learns_and_gives_probabilities() -> None:
    texts, vectors, labels = _corpus(noise=0)
    model = CalibratedLinear().fit(texts, vectors, labels)
    probabilities = model.probabilities(texts, vectors)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert [model.classes[k] for k in probabilities.argmax(axis=1)] == labels


def test_is_no_surer_than_it_is_right() -> None:
    texts, vectors, labels = _corpus(noise=0.4, lines=600)
    model = CalibratedLinear().fit(texts[:400], vectors[:400], labels[:400])
    probabilities = model.probabilities(texts[400:], vectors[400:])
    right = np.mean([model.classes[k] == label for k, label in zip(probabilities.argmax(1), labels[400:], strict=True)])
    assert probabilities.max(axis=1).mean() == pytest.approx(right, abs=0.1)


@pytest.mark.parametrize("neighbours", [0, 3])
def test_is_the_same_after_saving_and_loading(tmp_path: Path, neighbours: int) -> None:
    texts, vectors, labels = _corpus(noise=0.1)
    model = CalibratedLinear(LinearOptions(ngrams=(1, 2), neighbours=neighbours)).fit(texts, vectors, labels)
    model.save(tmp_path)
    loaded = CalibratedLinear.load(tmp_path)
    assert loaded.classes == model.classes and loaded.options == model.options
    assert np.allclose(loaded.probabilities(texts, vectors), model.probabilities(texts, vectors), atol=1e-3)


@pytest.mark.parametrize("neighbours", [0, 3])
@pytest.mark.parametrize("labels", [["a", "b"] * 10, ["a"] * 10 + ["b"], ["a"] * 10 + ["b"] * 2])
def test_two_classes_and_classes_of_few_lines(labels: list[str], neighbours: int) -> None:
    texts = [f"{label}{k}" for k, label in enumerate(labels)]
    vectors = np.array([[float(label == "a")] for label in labels], np.float32)
    model = CalibratedLinear(LinearOptions(neighbours=neighbours)).fit(texts, vectors, labels)
    probabilities = model.probabilities(["a1"], np.ones((1, 1), np.float32))
    assert probabilities.shape == (1, 2) and np.isfinite(probabilities).all()


def test_neighbours_of_a_class_stay_in_one_part() -> None:
    parts = neighbour_parts(np.array([0, 0, 0, 0, 1, 1, 1, 1]), 2)
    assert parts.tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_a_model_from_before_the_second_opinion_still_loads(tmp_path: Path) -> None:
    texts, vectors, labels = _corpus(noise=0)
    model = CalibratedLinear().fit(texts, vectors, labels)
    model.save(tmp_path)
    with np.load(tmp_path / "linear.npz") as file:
        arrays = dict(file)
    arrays["slope"] = arrays.pop("slopes")[0]
    np.savez(tmp_path / "linear.npz", **arrays)
    facts = json.loads((tmp_path / "linear.json").read_text())
    facts["options"] = {k: v for k, v in facts["options"].items() if not k.startswith("neighbour")}
    (tmp_path / "linear.json").write_text(json.dumps(facts))
    loaded = CalibratedLinear.load(tmp_path)
    assert np.allclose(loaded.probabilities(texts, vectors), model.probabilities(texts, vectors), atol=1e-6)


def test_other_code_is_another_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    changed = tmp_path / "nearest.py"
    changed.write_text(Path(str(nearest.__file__)).read_text() + "# changed")
    monkeypatch.setattr(nearest, "__file__", str(changed))
    assert fingerprint() != before
