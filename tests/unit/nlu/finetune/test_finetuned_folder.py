"""What fine-tuning writes is a Hugging Face folder that is read back as it was."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from bot.nlu.encoder import _huggingface, _huggingface_writer
from tests.unit.nlu.conftest import Tiny


@pytest.fixture(params=["tiny_bert", "tiny_roberta"])
def tiny(request: pytest.FixtureRequest) -> Tiny:
    return request.getfixturevalue(request.param)


def test_weights_have_the_names_and_the_layout_of_torch(tiny: Tiny, tmp_path: Path) -> None:
    _huggingface_writer.write(_huggingface.read(tiny.folder), tmp_path)
    written, expected = load_file(tmp_path / "model.safetensors"), tiny.torch_weights()
    assert "encoder.layer.1.output.LayerNorm.bias" in written
    for name, value in written.items():
        wanted = expected[name][:1] if "token_type" in name else expected[name]
        np.testing.assert_array_equal(value, wanted, err_msg=name)


def test_a_folder_is_read_back_with_prefix_and_unseen_lines(tiny: Tiny, tmp_path: Path) -> None:
    bundle = dataclasses.replace(_huggingface.read(tiny.folder), prefix="query: ", unseen=frozenset({"ab", "cd"}))
    _huggingface_writer.write(bundle, tmp_path)
    again = _huggingface.read(tmp_path)
    for name in ("shape", "pad_id", "first_position", "prefix", "unseen", "max_pieces"):
        assert getattr(again, name) == getattr(bundle, name), name
    assert again.weights.keys() == bundle.weights.keys()
    assert again.tokenizer.encode("有货吗").ids == bundle.tokenizer.encode("有货吗").ids


def test_the_configuration_is_what_transformers_expects(tiny: Tiny, tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoTokenizer

    _huggingface_writer.write(_huggingface.read(tiny.folder), tmp_path)
    original = json.loads((tiny.folder / "config.json").read_text())
    config = AutoConfig.from_pretrained(tmp_path)
    for name in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size"):
        assert getattr(config, name) == original[name], name
    pieces = AutoTokenizer.from_pretrained(tmp_path)("有货吗").input_ids
    assert pieces == _huggingface.read(tiny.folder).tokenizer.encode("有货吗").ids


def test_a_model_without_a_list_has_left_out_nothing_on_purpose(tiny: Tiny, tmp_path: Path) -> None:
    _huggingface_writer.write(_huggingface.read(tiny.folder), tmp_path)
    assert _huggingface.read(tmp_path).unseen is None
