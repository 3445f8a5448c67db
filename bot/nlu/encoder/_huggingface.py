"""BERT-like models of Hugging Face, from a folder or by name, without torch."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import BertWordPieceTokenizer, Tokenizer

from bot.nlu.encoder import _torch_zip, _unseen
from bot.nlu.encoder._model import Bundle, EncoderError, Shape, Weights

WEIGHT_FILES = ("model.safetensors", "tf_model.h5", "pytorch_model.bin")  # in order of preference
PROMPTS = "config_sentence_transformers.json"  # where sentence-transformers keeps what is put before a text
_SMALL_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", PROMPTS]
_KINDS = ("bert", "roberta", "xlm-roberta", "camembert")
PARTS = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "attention",
    "attention.output.LayerNorm": "attention.norm",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "output.norm",
}
_LAYER = re.compile(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias|kernel|gamma|beta)$")
_EMBEDDING = re.compile(r"embeddings\.(word_embeddings|position_embeddings|token_type_embeddings|LayerNorm)\.(\w+)$")


def fetch(name: str) -> Path:
    """The folder of the model `name` (or `name@revision`) of the hub, downloading only the files needed.

    Raises:
        EncoderError: neither on this machine nor reachable.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
    from requests import RequestException

    repository, _, revision = name.partition("@")
    options: dict[str, Any] = {"repo_id": repository, "revision": revision or None}
    try:
        try:
            folder = Path(snapshot_download(**options, local_files_only=True))
            if any((folder / file).is_file() for file in WEIGHT_FILES):
                return folder
        except FileNotFoundError:
            pass
        available = HfApi().list_repo_files(repository, revision=revision or None)
        weights = [file for file in WEIGHT_FILES if file in available][:1]
        return Path(snapshot_download(**options, allow_patterns=_SMALL_FILES + weights))
    except HFValidationError:
        raise EncoderError(f"没有文件夹 {name}，它也不是 Hugging Face 的模型名，请检查拼写") from None
    except RepositoryNotFoundError:
        raise EncoderError(f"Hugging Face 上没有模型 {name}，请检查拼写，或改用本地文件夹") from None
    except (HfHubHTTPError, RequestException, OSError) as error:
        raise EncoderError(
            f"下载不了模型 {name}（{type(error).__name__}）。请检查网络，或用 HF_ENDPOINT 指定镜像站，"
            "或先把模型下载到本地文件夹，再把文件夹的路径写在 source 里"
        ) from None


def read(folder: Path) -> Bundle:
    """The encoder in `folder`: config.json, weights in one of `WEIGHT_FILES`, tokenizer.json or vocab.txt.

    Raises:
        EncoderError: a file is missing or the model is of another kind.
    """
    config = _json(folder / "config.json")
    if config is None:
        raise EncoderError(f"{folder} 里没有 config.json，请把 Hugging Face 模型的全部文件放进去")
    kind = config.get("model_type")
    if kind not in _KINDS or config.get("position_embedding_type", "absolute") != "absolute":
        raise EncoderError(f"{folder} 是 {kind} 模型，编码器只支持 {'、'.join(_KINDS)}，请换一个模型")
    weights = _canonical(_read_weights(folder), int(config["num_hidden_layers"]))
    pad_id = int(config.get("pad_token_id") or 0)
    shape = Shape(
        int(config["num_hidden_layers"]),
        int(config["num_attention_heads"]),
        str(config.get("hidden_act", "gelu")),
        float(config.get("layer_norm_eps", 1e-12)),
    )
    # RoBERTa counts positions from the padding's id on.
    first = 0 if kind == "bert" else pad_id + 1
    return Bundle(shape, weights, _read_tokenizer(folder), pad_id, first, _prefix(folder), _unseen.read(folder))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf8")) if path.is_file() else None


def _prefix(folder: Path) -> str:
    options = _json(folder / PROMPTS) or {}
    return str((options.get("prompts") or {}).get(options.get("default_prompt_name")) or "")


def _read_tokenizer(folder: Path) -> Tokenizer:
    if (folder / "tokenizer.json").is_file():
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer
    if (folder / "vocab.txt").is_file():
        options = _json(folder / "tokenizer_config.json") or {}
        lower = bool(options.get("do_lower_case", True))
        accents = options.get("strip_accents")
        pieces = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=lower, strip_accents=accents)
        return Tokenizer.from_str(pieces.to_str())
    raise EncoderError(f"{folder} 里没有 tokenizer.json，也没有 vocab.txt，请补上其中一个")


def _read_weights(folder: Path) -> Weights:
    for file in WEIGHT_FILES:
        path = folder / file
        if not path.is_file():
            continue
        if path.suffix == ".safetensors":
            return _read_safetensors(path)
        return _read_h5(path) if path.suffix == ".h5" else _torch_zip.read(path)
    raise EncoderError(f"{folder} 里没有权重文件，需要 {'、'.join(WEIGHT_FILES)} 之一")


def _read_safetensors(path: Path) -> Weights:
    import safetensors
    from safetensors.numpy import load_file

    broken: type[Exception] = safetensors.SafetensorError  # type: ignore[attr-defined]
    try:
        return load_file(path)
    except (broken, TypeError, KeyError) as error:  # KeyError: a type that numpy lacks, as bfloat16
        raise EncoderError(f"读不了 {path.name}（{error}），请换成 float32 或 float16 的完整文件") from None


def _read_h5(path: Path) -> Weights:
    import h5py

    weights: Weights = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            weights[name] = node[()]

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except OSError:
        raise EncoderError(f"读不了 {path.name}，文件可能不完整，请重新下载") from None
    return weights


def _canonical(weights: Weights, layers: int) -> Weights:
    """Rename the weights of torch or TensorFlow to the names of `Bundle`, kernels as (in, out)."""
    found: Weights = {}
    for name, value in weights.items():
        plain = re.sub(r":\d+$", "", name).replace("layer_._", "layer.").replace("/", ".")
        if match := _LAYER.search(plain):
            part = PARTS.get(match[2])
            kind = match[3]
            if part is None:
                continue
            if kind == "weight" and value.ndim == 2:
                value = value.T
            suffix = "bias" if kind in ("bias", "beta") else "weight"
            found[f"{match[1]}.{part}.{suffix}"] = np.asarray(value, np.float32)
        elif match := _EMBEDDING.search(plain):
            found.update(_embedding(match[1], match[2], np.asarray(value, np.float32)))
    missing = _expected(layers) - found.keys()
    if missing:
        raise EncoderError(f"权重文件里缺少 {'、'.join(sorted(missing)[:3])} 等，请换一个完整的 BERT 模型")
    return found


def _embedding(part: str, kind: str, value: np.ndarray) -> Weights:
    if part == "LayerNorm":
        return {f"embedding.norm.{'bias' if kind in ('bias', 'beta') else 'weight'}": value}
    if part == "token_type_embeddings":
        return {"type": value[0]}
    return {"word" if part == "word_embeddings" else "position": value}


def _expected(layers: int) -> set[str]:
    names = {"word", "position", "type", "embedding.norm.weight", "embedding.norm.bias"}
    for i in range(layers):
        names |= {f"{i}.{part}.{kind}" for part in PARTS.values() for kind in ("weight", "bias")}
    return names
