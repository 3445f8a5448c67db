"""An encoder in memory as a Hugging Face folder, which `_huggingface.read` and the transformers library read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from bot.nlu.encoder import _unseen
from bot.nlu.encoder._huggingface import PARTS, PROMPTS
from bot.nlu.encoder._model import Bundle, Weights

_EMBEDDINGS = {"word": "word_embeddings", "position": "position_embeddings", "embedding.norm": "LayerNorm"}


def write(bundle: Bundle, folder: Path) -> None:
    """Write config.json, model.safetensors (float32), tokenizer.json, and prefix and unseen lines where there are any.

    Raises:
        OSError: the disk is full or `folder` cannot be written.
    """
    _json(folder / "config.json", _config(bundle))
    save_file(_torch_names(bundle), folder / "model.safetensors", metadata={"format": "pt"})
    bundle.tokenizer.save(str(folder / "tokenizer.json"))
    _json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"})
    prompts = {"prompts": {"query": bundle.prefix}, "default_prompt_name": "query" if bundle.prefix else None}
    _json(folder / PROMPTS, prompts)
    if bundle.unseen is not None:
        _unseen.write(folder, bundle.unseen)


def _json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf8")


def _config(bundle: Bundle) -> dict[str, Any]:
    weights, shape = bundle.weights, bundle.shape
    from_padding = bundle.first_position > 0  # as RoBERTa counts positions
    return {
        "architectures": ["XLMRobertaModel" if from_padding else "BertModel"],
        "model_type": "xlm-roberta" if from_padding else "bert",
        "vocab_size": len(weights["word"]),
        "hidden_size": bundle.dimension,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": weights["0.up.bias"].shape[0],
        "hidden_act": shape.activation,
        "layer_norm_eps": shape.epsilon,
        "max_position_embeddings": len(weights["position"]),
        "position_embedding_type": "absolute",
        "type_vocab_size": 1,
        "pad_token_id": bundle.pad_id,
    }


def _torch_names(bundle: Bundle) -> Weights:
    named: Weights = {"embeddings.token_type_embeddings.weight": bundle.weights["type"][None, :]}
    torch_names = {name: part for part, name in PARTS.items()}
    for i in range(bundle.shape.layers):
        torch_names |= {f"{i}.{name}": f"encoder.layer.{i}.{part}" for part, name in PARTS.items()}
    for name, value in bundle.weights.items():
        if name == "type":
            continue
        stem, _, kind = name.rpartition(".")
        if name in _EMBEDDINGS:
            stem, kind = name, "weight"
        full = torch_names.get(stem) or f"embeddings.{_EMBEDDINGS[stem]}"
        kernel = kind == "weight" and value.ndim == 2 and stem in torch_names
        named[f"{full}.{kind}"] = value.T if kernel else value
    return {name: np.ascontiguousarray(value, np.float32) for name, value in named.items()}
