"""A tiny random BERT that the tests make themselves, and a small catalogue."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")

TEXTS = ["有货吗", "这款手机现在有货吗？", "iphone 14 256g 什么时候到", "好"]
_CHARS = "有货吗这款手机现在什么时候到好的你？，。！0123456789"
_UNUSED = [f"[unused{i}]" for i in range(1, 100)]  # Rasa's featurizer takes BERT's own ids 101 and 102 for granted
_WORDS = ["[PAD]", *_UNUSED, "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_CHARS, "iphone", "##g", "##4", "14", "256"]


class Tiny(NamedTuple):
    """A saved model: its folder and the TensorFlow model itself."""

    folder: Path
    model: Any

    def states(self, ids: list[int]) -> list[np.ndarray]:
        """TensorFlow's own hidden states of one text, embedding first, each (n, d)."""
        result = self.model(np.array([ids]), output_hidden_states=True, training=False)
        return [state[0].numpy() for state in result.hidden_states]

    def torch_weights(self) -> dict[str, np.ndarray]:
        """The weights under the names and in the layout that torch gives them."""
        renamed = {}
        for variable in self.model.weights:
            name = variable.name.split("/", 2)[2].removesuffix(":0").replace("layer_._", "layer.").replace("/", ".")
            value = variable.numpy()
            if name.endswith(".kernel"):
                name, value = name.removesuffix("kernel") + "weight", np.ascontiguousarray(value.T)
            name = name.replace(".gamma", ".weight").replace(".beta", ".bias")
            if name.endswith("_embeddings.embeddings"):
                name = name.removesuffix("embeddings") + "weight"
            renamed[name] = value
        return renamed


def _shake(model: Any) -> Any:
    """Fresh biases are zero and norms one: a graph that mixed them up would pass unnoticed."""
    random = np.random.default_rng(7)
    model(np.array([[2, 5, 3]]))
    model.set_weights([w + random.normal(0, 0.1, w.shape).astype(np.float32) for w in model.get_weights()])
    return model


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A BertModel of two layers with vocab.txt and tf_model.h5."""
    from transformers import BertConfig, TFBertModel

    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    config = BertConfig(
        vocab_size=len(_WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    model = _shake(TFBertModel(config))
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(_WORDS), encoding="utf8")
    return Tiny(folder, model)


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """An XLM-RoBERTa of two layers with tokenizer.json, which counts positions from 2."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import TFXLMRobertaModel, XLMRobertaConfig

    folder = tmp_path_factory.mktemp("models") / "tiny-roberta"
    config = XLMRobertaConfig(
        vocab_size=len(_WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=66, pad_token_id=1, type_vocab_size=1,
    )  # fmt: skip
    model = _shake(TFXLMRobertaModel(config))
    model.save_pretrained(folder)
    vocabulary = {word: i for i, word in enumerate(_WORDS)}
    BertWordPieceTokenizer(vocabulary).save(str(folder / "tokenizer.json"))
    return Tiny(folder, model)
