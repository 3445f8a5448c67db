"""The ONNX encoder computes what TensorFlow computes, from every kind of file."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from bot.nlu.encoder import Encoder, EncoderError
from tests.unit.nlu.conftest import TEXTS, Tiny


def _ids(encoder: Encoder, text: str) -> list[int]:
    return Tokenizer.from_file(str(encoder.folder / "tokenizer.json")).encode(text).ids


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_roberta"])
def test_equals_tensorflow_in_one_padded_batch(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tiny: Tiny = request.getfixturevalue(kind)
    encoder = Encoder.load(str(tiny.folder), quantize="float32", folder=tmp_path)
    pooled = encoder.pooled_layers(TEXTS)
    for text, encoded, layers in zip(TEXTS, encoder.encode(TEXTS), pooled, strict=True):
        states = tiny.states(_ids(encoder, text))
        np.testing.assert_allclose(encoded.pieces, states[-1][1:-1], atol=1e-4)
        np.testing.assert_allclose(encoded.sentence, states[-1].mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(layers, [state.mean(axis=0) for state in states], atol=1e-4)


def test_pooling_layers_and_depth(tiny_bert: Tiny, tmp_path: Path) -> None:
    def sentence(**options: object) -> np.ndarray:
        encoder = Encoder.load(str(tiny_bert.folder), quantize="float32", folder=tmp_path, **options)
        return encoder.encode([TEXTS[1]])[0].sentence

    encoder = Encoder.load(str(tiny_bert.folder), quantize="float32", folder=tmp_path)
    states = tiny_bert.states(_ids(encoder, TEXTS[1]))
    np.testing.assert_allclose(sentence(pooling="cls"), states[2][0], atol=1e-4)
    np.testing.assert_allclose(sentence(layer=1), states[1].mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(sentence(depth=1), states[1].mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(sentence(layer="mean4"), (states[1] + states[2]).mean(axis=0) / 2, atol=1e-4)


def test_int8_stays_close_to_float32(tiny_bert: Tiny, tmp_path: Path) -> None:
    exact = Encoder.load(str(tiny_bert.folder), quantize="float32", folder=tmp_path).sentences(TEXTS)
    small = Encoder.load(str(tiny_bert.folder), folder=tmp_path).sentences(TEXTS)
    cosine = (exact * small).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(small, axis=1)
    assert cosine.min() > 0.99
    assert not np.array_equal(exact, small)


def test_safetensors_with_the_names_of_torch(tiny_bert: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "safe"
    folder.mkdir()
    for name in ("config.json", "vocab.txt"):
        shutil.copy(tiny_bert.folder / name, folder)
    save_file(tiny_bert.torch_weights(), folder / "model.safetensors")
    options = {"quantize": "float32", "folder": tmp_path / "built"}
    expected = Encoder.load(str(tiny_bert.folder), **options).sentences(TEXTS)
    np.testing.assert_allclose(Encoder.load(str(folder), **options).sentences(TEXTS), expected, atol=1e-6)


def _without(name: str, folder: Path) -> None:
    (folder / name).unlink()


def _kind(value: str, folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": value}))


def _layers(value: int, folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": value}))


@pytest.mark.parametrize(
    ("spoil", "argument", "says"),
    [
        (_without, "config.json", "没有 config.json"),
        (_without, "vocab.txt", "没有 tokenizer.json"),
        (_without, "tf_model.h5", "没有权重文件"),
        (_kind, "gpt2", "只支持 bert"),
        (_layers, 3, "缺少 2."),
    ],
)
def test_a_wrong_folder_is_told(spoil, argument, says, tiny_bert: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_bert.folder, folder)
    spoil(argument, folder)
    with pytest.raises(EncoderError, match=says):
        Encoder.load(str(folder), folder=tmp_path / "built")


def test_batches_side_by_side_give_the_same_vectors_in_order(tiny_bert: Tiny, tmp_path: Path) -> None:
    texts = [f"{text}{i}" for i in range(12) for text in TEXTS]
    one, two = (Encoder.load(str(tiny_bert.folder), folder=tmp_path, threads=n, cache_size=0) for n in (1, 2))
    np.testing.assert_array_equal(two.sentences(texts, batch_size=3), one.sentences(texts, batch_size=3))
    for single, double in zip(one.encode(texts, batch_size=3), two.encode(texts, batch_size=3), strict=True):
        np.testing.assert_array_equal(double.pieces, single.pieces)
